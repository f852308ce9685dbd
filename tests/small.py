"""A small scenario; `DDNN` and `ADA` stand for the weights' files."""

SCENARIO = """\
data: plaza
samples: 40
workload: {every: 200 ms, jitter: 50 ms}
nodes:
  camera[1..6]: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-orin-nano}
  cloud: {tier: cloud, preset: nvidia-t4}
links:
  - {between: [camera*, edge], preset: wifi}
  - {between: [edge, cloud], preset: wan}
systems:
  ddnn: {thresholds: 0.9, weights: DDNN}
  ada-ddnn: {thresholds: 0.9, weights: ADA}
faults:
  - {at: 3 s, for: 1 s, node: camera2, is: down}
"""
