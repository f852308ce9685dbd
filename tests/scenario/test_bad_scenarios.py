"""Every way to get a scenario wrong ends in one `ScenarioError` that names file, line, key and a way out."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simnet.scenario import ScenarioError, load_scenario

GOOD = """\
name: good
data: plaza
samples: 10
workload: {every: 200 ms, jitter: 10 ms}
nodes:
  camera[1..6]: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-orin-nano}
  cloud: {tier: cloud, speed: 10 TFLOP/s}
links:
  - {between: [camera*, edge], preset: wifi}
  - {between: [edge, cloud], bandwidth: 50 Mbit/s, latency: 20 ms}
systems:
  ddnn: {}
  ada-ddnn: {thresholds: calibrated}
faults:
  - {at: 40 s, for: 20 s, node: camera3, is: down}
  - {at: 90 s, for: 10 s, link: [edge, cloud], bandwidth: 1 Mbit/s}
"""

# One case a line: what is replaced, by what, the line the message points at, what it says.
# ruff: noqa: E501
CASES = {
    "unknown key": ("samples: 10", "sample: 10", 3, "sample: unknown key 'sample'; did you mean 'samples'?"),
    "unknown key of the warm-up": ("samples: 10", "samples: 10\nwarmup: 1 s", 4, "warmup: unknown key 'warmup'; did you mean 'warm_up'?"),
    "warm-up without a unit": ("samples: 10", "samples: 10\nwarm_up: 5", 4, "warm_up: 5 has no unit"),
    "warm-up of half a sample": ("samples: 10", "samples: 10\nwarm_up_samples: 0.5", 4, "warm_up_samples: must be a whole number"),
    "negative warm-up": ("samples: 10", "samples: 10\nwarm_up_samples: -1", 4, "warm_up_samples: must be 0 or more, found -1"),
    "warm-up of all samples": ("samples: 10", "samples: 10\nwarm_up_samples: 10", 4, "warm_up_samples: must be less than samples (10), so that some are counted"),
    "warm-up of all the time": ("samples: 10", "duration: 5 s\nwarm_up: 5 s", 4, "warm_up: must be less than the duration (5 s)"),
    "two warm-ups": ("samples: 10", "samples: 10\nwarm_up: 1 s\nwarm_up_samples: 3", 5, "warm_up_samples: give either 'warm_up' or 'warm_up_samples', not both"),
    "unknown key in a link": (
        "bandwidth: 50 Mbit/s", "bandwith: 50 Mbit/s", 11,
        "links[1].bandwith: unknown key 'bandwith'; did you mean 'bandwidth'?",
    ),
    "unknown key in a node": ("{tier: cloud,", "{teir: cloud,", 8, "nodes.cloud.teir: unknown key 'teir'; did you mean 'tier'?"),
    "unknown key in a fault": ("for: 20 s", "lasts: 20 s", 16, "faults[0].lasts: unknown key 'lasts'"),
    "wrong unit": (
        "50 Mbit/s", "10 MHz", 11, "links[1].bandwidth: '10 MHz' is no bandwidth; write e.g. '10 Mbit/s'",
    ),
    "near miss of a unit": ("50 Mbit/s", "10 Mb/s", 11, "did you mean '10 Mbit/s'?"),
    "wrong case of a unit": ("10 TFLOP/s", "10 tflops", 8, "nodes.cloud.speed: '10 tflops' is no speed; did you mean '10 TFLOP/s'?"),
    "missing unit": ("latency: 20 ms", "latency: 20", 11, "links[1].latency: 20 has no unit; write e.g. '20 ms'"),
    "missing unit in quotes": ("every: 200 ms", "every: '200'", 4, "'200' has no unit"),
    "negative time": ("every: 200 ms", "every: -5 ms", 4, "workload.every: '-5 ms' is negative"),
    "negative number": ("samples: 10", "samples: -3", 3, "samples: must be 1 or more, found -3"),
    "not finite": ("at: 40 s", "at: .nan", 16, "faults[0].at: nan is no time: it must be finite"),
    "infinite": ("at: 40 s", "at: .inf", 16, "faults[0].at: inf"),
    "overflow": ("at: 40 s", "at: 1e999 s", 16, "faults[0].at: '1e999 s' is too large"),
    "gigantic exponent": ("at: 40 s", "at: 1e9999999999999999999 s", 16, "is too large"),
    "no bandwidth at all": ("50 Mbit/s", "0 Mbit/s", 11, "links[1].bandwidth: must be more than 0"),
    "link without bandwidth": ("bandwidth: 50 Mbit/s, ", "", 11, "links[1]: needs a bandwidth"),
    "one direction missing": ("50 Mbit/s", "{up: 1 Mbit/s}", 11, "links[1].bandwidth: gives no 'down'"),
    "unknown direction": ("50 Mbit/s", "{up: 1 Mbit/s, down: 1 Mbit/s, dwn: 1 Mbit/s}", 11, "did you mean 'down'?"),
    "dangling link": ("[edge, cloud], bandwidth: 50", "[edge, clod], bandwidth: 50", 11, "links[1].between[1]: unknown node 'clod'; did you mean 'cloud'?"),
    "glob that matches nothing": ("[camera*, edge]", "[kamera*, edge]", 10, "links[0].between[0]: unknown node 'kamera*'; did you mean 'camera"),
    "link with itself": ("[edge, cloud], bandwidth: 50", "[edge, edge], bandwidth: 50", 11, "links 'edge' with itself"),
    "between one": ("[camera*, edge]", "[camera*]", 10, "links[0].between"),
    "unknown node in a fault": ("node: camera3", "node: camera7", 16, "faults[0].node: unknown node 'camera7'; did you mean 'camera"),
    "fault of a link that is none": ("link: [edge, cloud]", "link: [camera1, cloud]", 17, "faults[1].link: unknown link 'camera1 - cloud'"),
    "fault of nothing": ("node: camera3, ", "", 16, "faults[0]: needs exactly one of 'node', 'link', 'site' and 'partition', found none"),
    "fault that does nothing": (", is: down", "", 16, "one of 'is', 'slow', 'do'; found nothing"),
    "slow link": ("bandwidth: 1 Mbit/s", "slow: 4", 17, "a fault of a link says one of 'is', 'bandwidth', 'loss', 'do'; found 'slow'"),
    "unknown state": ("is: down", "is: dwon", 16, "faults[0].is: unknown value 'dwon'; did you mean 'down'?"),
    "YAML's own truth": ("is: down", "is: off", 16, "faults[0].is: unknown value False"),
    "up for a while": ("is: down", "is: up", 16, "faults[0].for: 'is: up' ends outages and does not last"),
    "direction of a node": ("is: down", "is: down, direction: up", 16, "only a link has directions"),
    "faster than it is": ("is: down", "slow: 0.5", 16, "faults[0].slow: must be 1 or more"),
    "unreachable cloud": ("  - {between: [edge, cloud], bandwidth: 50 Mbit/s, latency: 20 ms}\n", "", 7, "nodes.edge: no path of links leads from 'edge' to the cloud 'cloud'"),
    "device off the net": ("[camera*, edge]", "['camera[1..5]', edge]", 6, "no path of links leads from 'camera6' to the edge 'edge'"),
    "link twice": ("[edge, cloud], bandwidth: 50", "[edge, 'c*1'], bandwidth: 50", 11, "links[1]: 'edge' and 'camera1' are linked already, by links[0]"),
    "key twice": ("samples: 10", "samples: 10\nseed: 1\nseed: 2", 5, "seed: 'seed' is given twice (first on line 4)"),
    "node twice": ("  edge: {tier", "  edge: {tier: edge}\n  edge: {tier", 8, "nodes.edge: 'edge' is given twice"),
    "node in a range too": ("  edge: {tier", "  camera2: {tier: device}\n  edge: {tier", 7, "nodes.camera2: 'camera2' is given twice: by 'camera[1..6]' and by 'camera2'"),
    "range backwards": ("[1..6]", "[6..1]", 6, "range [6..1] must run upwards"),
    "range without end": ("[1..6]", "[1..60000000]", 6, "at most 1000 names"),
    "view twice": ("raspberry-pi-4}", "raspberry-pi-4, view: 1}", 6, "nodes.camera2.view: view 1 is already seen by 'camera1'"),
    "view of an edge": ("jetson-orin-nano}", "jetson-orin-nano, view: 1}", 7, "only devices have a view"),
    "view out of range": ("raspberry-pi-4}", "raspberry-pi-4, view: 0}", 6, "view: must be 1 or more, found 0"),
    "two edges": ("  cloud: {tier: cloud,", "  edge2: {tier: edge, speed: 1 FLOP/s}\n  cloud: {tier: cloud,", 14, "systems.ddnn: role 'edge' needs exactly one node of tier 'edge', found 2: edge, edge2"),
    "no device": ("  camera[1..6]: {tier: device, preset: raspberry-pi-4}\n", "", 12, "systems.ddnn: role 'device' needs at least one node of tier 'device', found none"),
    "no nodes": (GOOD[GOOD.index("nodes:"):GOOD.index("links:")], "nodes: {}\n", 10, "systems.ddnn: role 'device' needs at least one node of tier 'device', found none"),
    "neither edge nor cloud": (GOOD[GOOD.index("  edge: {"):GOOD.index("links:")], "", 11, "systems.ddnn: role 'edge' needs exactly one node of tier 'edge', found none"),
    "no edge": ("  edge: {tier: edge, preset: jetson-orin-nano}\n", "", 13, "systems.ada-ddnn: role 'edge' needs exactly one node of tier 'edge', found none"),
    "codec that is none": ("  ddnn: {}", "  ddnn: {codec: 8bit}", 13, "systems.ddnn.codec: unknown codec of ddnn '8bit'; did you mean '1bit'? (allowed: fp32, fp16, int8, 1bit)"),
    "codec a number": ("  ddnn: {}", "  ddnn: {codec: 8}", 13, "systems.ddnn.codec: must be text, found 8"),
    "unknown upload": ("{thresholds: calibrated}", "{upload: onrequest}", 14, "systems.ada-ddnn.upload: unknown value 'onrequest'; did you mean 'on_request'?"),
    "unknown substitute": ("  ddnn: {}", "  ddnn: {missing: zeros}", 13, "systems.ddnn.missing: unknown value 'zeros'"),
    "no speed": ("speed: 10 TFLOP/s", "workers: 2", 8, "nodes.cloud: needs a speed"),
    "workers a text": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, workers: '2'", 8, "nodes.cloud.workers: must be a whole number, found '2'"),
    "bad name": ("  edge: {tier", "  my edge: {tier", 7, "'my edge' is no name"),
    "unknown tier": ("tier: cloud", "tier: clouds", 8, "nodes.cloud.tier: unknown tier 'clouds'; did you mean 'cloud'?"),
    "unknown node preset": ("jetson-orin-nano", "jetson-orin", 7, "nodes.edge.preset: unknown preset 'jetson-orin'; did you mean 'jetson-orin-nano'?"),
    "part of a preset's name": ("jetson-orin-nano", "orin", 7, "did you mean 'jetson-orin-nano'?"),
    "preset a list": ("jetson-orin-nano", "[a]", 7, "nodes.edge.preset: unknown preset ['a']"),
    "unknown link preset": ("preset: wifi", "preset: wi-fi", 10, "links[0].preset: unknown preset 'wi-fi'; did you mean 'wifi'?"),
    "unknown system": ("  ddnn: {}", "  dnn: {}", 13, "systems.dnn: unknown system 'dnn'; did you mean 'ddnn'?"),
    "unknown system by key": ("  ddnn: {}", "  mine: {system: addnn}", 13, "systems.mine.system: unknown system 'addnn'"),
    "system that would lie in the figures' place": ("  ddnn: {}", "  figures: {system: ddnn}", 13, "systems.figures: 'figures' is taken"),
    "system named like a file": ("  ddnn: {}", "  summary.json: {system: ddnn}", 13, "'summary.json' is no name"),
    "no system": ("  ddnn: {}\n  ada-ddnn: {thresholds: calibrated}", "  {}", 12, "systems: needs at least one system"),
    "unknown data": ("data: plaza", "data: plazza", 2, "data: unknown data set 'plazza'; did you mean 'plaza'? (allowed: plaza, plaza2, cifar10, mvmc, folder, parquet, npz)"),
    "no camera": ("data: plaza", "data: {set: plaza, cameras: 0}", 2, "data.cameras: must be 1 or more, found 0"),
    "more cameras than there are": ("data: plaza", "data: {set: plaza, cameras: 33}", 2, "data.cameras: must be 32 or less, found 33"),
    "cameras misspelt": ("data: plaza", "data: {set: plaza, camera: 3}", 2, "data.camera: unknown key 'camera'; did you mean 'cameras'? (allowed: set, order, cameras, side, samples)"),
    "a side that there is not": ("data: plaza", "data: {set: plaza, side: 50}", 2, "data.side: unknown value 50 (allowed: 32, 64, 96)"),
    "samples of no split": ("data: plaza", "data: {set: plaza, samples: {tset: 5}}", 2, "data.samples.tset: unknown key 'tset'; did you mean 'test'? (allowed: train, validation, test)"),
    "a split of no samples": ("data: plaza", "data: {set: plaza, samples: {test: 0}}", 2, "data.samples.test: must be 1 or more, found 0"),
    "samples that are no splits": ("data: plaza", "data: {set: plaza, samples: 100}", 2, "data.samples: expected keys and values (allowed: train, validation, test), found 100"),
    "unknown split": ("data: plaza", "data: plaza\nsplit: tset", 3, "split: unknown value 'tset'; did you mean 'test'?"),
    "threshold for an unknown exit": ("thresholds: calibrated", "thresholds: {edge-1: 0.1, edge-3: 0.1}", 14, "systems.ada-ddnn.thresholds.edge-3: unknown exit 'edge-3'; did you mean 'edge-"),
    "threshold for the last exit": ("thresholds: calibrated", "thresholds: {edge-1: 0.1, edge-2: 0.1, cloud: 1}", 14, "'cloud' is the last exit"),
    "exit without a threshold": ("thresholds: calibrated", "thresholds: {edge-1: 0.1}", 14, "gives no threshold for exit 'edge-2'"),
    "threshold above 1": ("thresholds: calibrated", "thresholds: {edge-1: 0.1, edge-2: 1.1}", 14, "thresholds.edge-2: must be a number from 0 to 1, found 1.1"),
    "misspelt threshold": ("thresholds: calibrated", "thresholds: calibratd", 14, "found 'calibratd'; did you mean 'calibrated'?"),
    "threshold nan": ("thresholds: calibrated", "thresholds: .nan", 14, "found nan"),
    "jitter too large": ("jitter: 10 ms", "jitter: 200 ms", 4, "workload: jitter (200 ms) must be smaller than every (200 ms)"),
    "two workloads": ("every: 200 ms, jitter: 10 ms", "every: 200 ms, poisson: 5 /s", 4, "workload: needs exactly one of 'every', 'poisson', 'mmpp', 'diurnal', 'rate', 'trace', found 'every' and 'poisson'"),
    "no workload": ("{every: 200 ms, jitter: 10 ms}", "{}", 4, "workload: needs exactly one of 'every', 'poisson', 'mmpp', 'diurnal', 'rate', 'trace', found none"),
    "misspelt workload": ("every: 200 ms", "evry: 200 ms", 4, "workload.evry: unknown key 'evry'; did you mean 'every'?"),
    "workload a text": ("{every: 200 ms, jitter: 10 ms}", "200 ms", 4, "workload: must be keys and values, found '200 ms'"),
    "samples and duration": ("samples: 10", "samples: 10\nduration: 5 s", 4, "duration: give either 'samples' or 'duration', not both"),
    "neither samples nor duration": ("samples: 10\n", "", 1, "needs 'samples' (a number) or 'duration' (a time)"),
    "section missing": ("data: plaza\n", "", 1, "data: is missing"),
    "entry a text": ("{tier: cloud, speed: 10 TFLOP/s}", "fast", 8, "nodes.cloud: expected keys and values"),
    "not YAML": ("samples: 10", "samples: [10", 4, "not YAML:"),
    "a range without quotes": ("[camera*, edge]", "[camera[1..6], edge]", 10, "not YAML: expected ',' or ']', but got '['; write it in quotes: 'camera[1..6]'"),
    "a leading star without quotes": ("node: camera3", "node: *mera3", 16, "found undefined alias 'mera3'; write it in quotes: '*mera3'"),
    "a star without quotes": ("node: camera3", "node: *", 16, "; write it in quotes: '*'"),
    "a star that is not to blame": ("[camera*, edge]", "[camera*, edge}", 10, "not YAML: expected ',' or ']', but got '}'"),
    "a tab": ("samples: 10", "\tsamples: 10", 3, "not YAML:"),
    "key that is no text": ("samples: 10", "[1, 2]: 10", 3, "not YAML: a key must be text"),
    "python object": ("samples: 10", "samples: !!python/object:os.system 10", 3, "not YAML:"),
    "anchor inside itself": ("samples: 10", "samples: &a [*a]", 3, "not YAML: nested without end"),

    # Nodes: queues, batches, load, profiles, power, batteries, sites.
    "queue a text": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, queue: long", 8, "nodes.cloud.queue: expected keys and values (allowed: order, limit), found 'long'"),
    "queue of unknown order": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, queue: {order: lifo}", 8, "nodes.cloud.queue.order: unknown value 'lifo'; did you mean 'fifo'? (allowed: fifo, priority, latest)"),
    "queue with an unknown key": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, queue: {limt: 3}", 8, "nodes.cloud.queue.limt: unknown key 'limt'; did you mean 'limit'? (allowed: order, limit)"),
    "queue of negative length": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, queue: -1", 8, "nodes.cloud.queue.limit: must be 0 or more, found -1"),
    "batch without size": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, batch: {wait: 5 ms}", 8, "nodes.cloud.batch.size: is missing"),
    "batch that waits without unit": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, batch: {size: 8, wait: 5}", 8, "nodes.cloud.batch.wait: 5 has no unit; write e.g. '5 ms'"),
    "efficiency of half a sample": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, batch: {size: 8, efficiency: {1.5: 2}}", 8, "nodes.cloud.batch.efficiency.1.5: must be a whole number, found '1.5'"),
    "efficiency a list": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, batch: {size: 8, efficiency: [1, 2]}", 8, "nodes.cloud.batch.efficiency: must be keys and values"),
    "efficiency of one": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, batch: {size: 8, efficiency: {1: 2}}", 8, "nodes.cloud.batch: efficiency tells how many times faster than alone: that of 1 is 1, not 2"),
    "efficiency beyond the batch": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, batch: {size: 8, efficiency: {4: 5}}", 8, "efficiency 5 at 4: 4 together would be done before one alone"),
    "no efficiency": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, batch: {size: 8, efficiency: {4: 0}}", 8, "nodes.cloud.batch.efficiency.4: must be more than 0, found 0"),
    "no room for a batch": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, queue: 0, batch: {size: 8, wait: 5 ms}", 8, "nodes.cloud: a queue limit of 0 leaves no room"),
    "overhead of an operation without unit": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, overhead_per_op: 40", 8, "nodes.cloud.overhead_per_op: 40 has no unit; write e.g. '40 ms'"),
    "overhead of an operation with a slip": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, overhead_per_opp: 40 us", 8, "unknown key 'overhead_per_opp'; did you mean 'overhead_per_op'?"),
    "no memory bandwidth": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, memory_bandwidth: 0 B/s", 8, "nodes.cloud.memory_bandwidth: must be more than 0, found '0 B/s'"),
    "jitter a share": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, jitter: 20 %", 8, "nodes.cloud.jitter: expected keys and values (allowed: cv, sd, measured), found '20 %'"),
    "jitter with an unknown key": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, jitter: {measurd: true}", 8, "nodes.cloud.jitter.measurd: unknown key 'measurd'; did you mean 'measured'?"),
    "jitter without a key": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, jitter: {}", 8, "nodes.cloud.jitter: give exactly one of cv, sd and 'measured: true'"),
    "jitter twice": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, jitter: {cv: 20 %, sd: 1 ms}", 8, "nodes.cloud.jitter: give exactly one of cv, sd"),
    "jitter of nothing": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, jitter: {cv: 0}", 8, "nodes.cloud.jitter.cv: must be more than 0, found 0"),
    "jitter as a time": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, jitter: {cv: 5 ms}", 8, "nodes.cloud.jitter.cv: '5 ms' is no share"),
    "measured jitter a text": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, jitter: {measured: 'yes'}", 8, "nodes.cloud.jitter.measured: must be true or false, found 'yes'"),
    "measured jitter of nothing": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, jitter: {measured: true}", 8, "nodes.cloud: measured jitter needs a profile with quantiles"),
    "measured jitter of one time": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, jitter: {measured: true}, profile: {w: {edge: {1: 3 ms}}}", 8, "nodes.cloud: measured jitter needs a profile with quantiles"),
    "quantiles that fall": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, profile: {w: {edge: {1: [3 ms, 2 ms]}}}", 8, "nodes.cloud.profile.w.edge.1: quantiles are two times or more, from the least to the greatest"),
    "one quantile": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, profile: {w: {edge: {1: [3 ms]}}}", 8, "nodes.cloud.profile.w.edge.1: quantiles are two times or more"),
    "full load": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: 100 %", 8, "nodes.cloud.load: '100 %' is out of range: a load is at least 0 and less than 1 (100 %)"),
    "load in percent without the sign": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: 30", 8, "nodes.cloud.load: 30 is out of range"),
    "negative load": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: -5 %", 8, "nodes.cloud.load: '-5 %' is out of range"),
    "load a word": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: heavy", 8, "nodes.cloud.load: 'heavy' is no trace; write a share such as 30 %, the name of a .csv or .yaml file, or {steps: [[0 s, 10 %], …]}"),
    "load a truth value": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: true", 8, "nodes.cloud.load: True is no share"),
    "load from a file that is not there": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: laod.csv", 8, "nodes.cloud.load: no such file: 'laod.csv'; "),
    "load with an unknown key": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: {fle: x.csv}", 8, "nodes.cloud.load.fle: unknown key 'fle'; did you mean 'file'? (allowed: file, "),
    "load of nothing": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: {repeat: 1 s}", 8, "nodes.cloud.load: needs either 'file' or 'steps'"),
    "load without steps": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: {steps: []}", 8, "nodes.cloud.load.steps: the trace has no rows"),
    "load that begins late": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: {steps: [[1 s, 10 %]]}", 8, "nodes.cloud.load.steps[0]: the first time must be 0, found 1 s"),
    "load that goes back in time": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: {steps: [[0 s, 10 %], [5 s, 1 %], [4 s, 2 %]]}", 8, "nodes.cloud.load.steps[2]: times must ascend: 4 s comes after 5 s"),
    "load twice at a time": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: {steps: [[0 s, 10 %], [0 s, 1 %]]}", 8, "nodes.cloud.load.steps[1]: times must ascend: 0 s is there twice"),
    "load at a negative time": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: {steps: [[-1 s, 10 %]]}", 8, "nodes.cloud.load.steps[0]: '-1 s' is negative"),
    "load with a gap": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: {steps: [[0 s, 10 %], [5 s, null]]}", 8, "nodes.cloud.load.steps[1]: a gap: there is no load"),
    "load without times": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: {steps: [10 %, 20 %]}", 8, "nodes.cloud.load.steps[0]: a trace is a list of pairs [0 s, 10 %], found '10 %'"),
    "load repeated too soon": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, load: {steps: [[0 s, 10 %], [5 s, 1 %]], repeat: 5 s}", 8, "nodes.cloud.load.repeat: repeat (5 s) must be later than the last time (5 s)"),
    "profile that is not there": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, profile: pi.json", 8, "nodes.cloud.profile: no such file: 'pi.json'"),
    "profile a number": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, profile: 3", 8, "nodes.cloud.profile: 3 is no profile; write the name of a JSON file"),
    "profile without unit": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, profile: {ddnn-plaza: {cloud: {1: 3}}}", 8, "nodes.cloud.profile.ddnn-plaza.cloud.1: 3 has no unit"),
    "profile of half a batch": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, profile: {ddnn-plaza: {cloud: {half: 3 ms}}}", 8, "nodes.cloud.profile.ddnn-plaza.cloud.half: must be a whole number, found 'half'"),
    "battery without a power model": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, battery: 20 Wh", 8, "nodes.cloud: a battery needs a power model: 'power: {idle: 2 W, busy: 6 W}'"),
    "battery of a preset whose power is taken away": ("preset: raspberry-pi-4", "preset: raspberry-pi-4, power: null, battery: 1 Wh", 6, "nodes.camera1: a battery needs a power model"),
    "battery beside a power model that draws nothing": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, power: {}, battery: 20 Wh", 8, "nodes.cloud: a battery needs a power model"),
    "negative battery": ("preset: raspberry-pi-4", "preset: raspberry-pi-4, battery: -1 Wh", 6, "nodes.camera1.battery: '-1 Wh' is negative; an energy must be 0 or more"),
    "more workers than can be kept count of": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, workers: 1000000000", 8, "nodes.cloud.workers: must be 100000 or less, found 1000000000"),
    "empty battery": ("preset: raspberry-pi-4", "preset: raspberry-pi-4, battery: 0 Wh", 6, "nodes.camera1.battery: must be more than 0"),
    "battery in W": ("preset: raspberry-pi-4", "preset: raspberry-pi-4, battery: 20 W", 6, "nodes.camera1.battery: '20 W' is no energy; write e.g. '10 Wh' (units: J,"),
    "power without unit": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, power: {idle: 5}", 8, "nodes.cloud.power.idle: 5 has no unit; write e.g. '5 W'"),
    "less when busy": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, power: {idle: 5 W, busy: 2 W}", 8, "nodes.cloud.power: busy must not be less than idle"),
    "power of an unknown kind": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, power: {doze: 1 W}", 8, "nodes.cloud.power.doze: unknown key 'doze'"),
    "energy in bits": ("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, power: {send: 1 uJ/byte}", 8, "nodes.cloud.power.send: '1 uJ/byte' is no energy per byte; did you mean '1 uJ/B'?"),
    "site of an edge only": ("preset: jetson-orin-nano", "preset: jetson-orin-nano, site: north", 7, "nodes.edge.site: no device is of site 'north'"),
    "site misspelt": ("raspberry-pi-4}\n  edge: {tier: edge,", "raspberry-pi-4, site: north}\n  edge: {tier: edge, site: nroth,", 7, "nodes.edge.site: no device is of site 'nroth'; did you mean 'north'?"),
    "site that is no name": ("preset: raspberry-pi-4", "preset: raspberry-pi-4, site: the north", 6, "nodes.camera1.site: 'the north' is no name"),
    "a device without site": ("  camera[1..6]: {tier: device,", "  mast: {tier: device, site: north, speed: 1 FLOP/s}\n  camera[1..6]: {tier: device,", 7, "nodes.camera1: needs a site, since 'mast' has one"),
    "site without an edge": ("preset: raspberry-pi-4}", "preset: raspberry-pi-4, site: north}\n  mast: {tier: device, site: south, speed: 1 FLOP/s}\n  edge2: {tier: edge, site: north, speed: 1 FLOP/s}\n  edge3: {tier: edge, site: north, speed: 1 FLOP/s}", 16, "systems.ddnn: role 'edge' needs exactly one node of tier 'edge' for site 'north', its own or one without a site, found 2: edge2, edge3"),

    # Links: sharing, media, packets, loss, traces.
    "unknown sharing": ("preset: wifi", "preset: wifi, sharing: fare", 10, "links[0].sharing: unknown link kind 'fare'; did you mean 'fair'? (allowed: fifo, fair)"),
    "medium of fair links": ("preset: wifi", "preset: wifi, sharing: fair, medium: cell", 10, "links[0]: a fair link has no medium: it shares its bandwidth instead"),
    "medium without a name": ("preset: wifi", "preset: wifi, medium: 1", 10, "links[0].medium: must be text, found 1"),
    "medium that is no name": ("preset: wifi", "preset: wifi, medium: cell 1", 10, "links[0].medium: 'cell 1' is no name"),
    "medium for each direction": ("preset: wifi", "preset: wifi, medium: {up: a, down: b}", 10, "links[0].medium: must be text"),
    "queue of a fair link": ("preset: wifi", "preset: wifi, sharing: fair, queue: 1 kB", 10, "links[0]: a fair link has no queue"),
    "queue in messages": ("preset: wifi", "preset: wifi, queue: 50", 10, "links[0].queue: 50 has no unit; write e.g. '50 kB'"),
    "mtu of nothing": ("preset: wifi", "preset: wifi, mtu: 0", 10, "links[0].mtu: must be more than 0"),
    "loss above 100 %": ("preset: wifi", "preset: wifi, loss: 150 %", 10, "links[0].loss.good: must be 1 or less, found '150 %'"),
    "loss in an unknown unit": ("preset: wifi", "preset: wifi, loss: 1 ppm", 10, "links[0].loss.good: '1 ppm' is no share; write e.g. 0.01 or '1 %'"),
    "loss beyond all numbers": ("preset: wifi", "preset: wifi, loss: 1e99999999999999999999 %", 10, "is no share"),
    "bursts without times": ("preset: wifi", "preset: wifi, loss: {good: 0, bad: 20 %}", 10, "links[0].loss: bursts need all of 'bad', 'good_for' and 'bad_for'"),
    "loss with an unknown key": ("preset: wifi", "preset: wifi, loss: {godo: 1 %}", 10, "links[0].loss.godo: unknown key 'godo'; did you mean 'good'?"),
    "loss up only": ("preset: wifi", "preset: wifi, loss: {up: 1 %}", 10, "links[0].loss: gives no 'down'; write {up: …, down: …}"),
    "no attempt": ("preset: wifi", "preset: wifi, attempts: 0", 10, "links[0].attempts: must be 1 or more, found 0"),
    "jitter in percent": ("preset: wifi", "preset: wifi, jitter: 5 %", 10, "links[0].jitter: '5 %' is no time"),
    "bandwidth and trace": ("latency: 20 ms", "latency: 20 ms, trace: {steps: [[0 s, 1 Mbit/s]]}", 11, "links[1].trace: give either 'bandwidth' or 'trace', not both"),
    "trace in one direction only": ("bandwidth: 50 Mbit/s", "trace: {up: {steps: [[0 s, 1 Mbit/s]]}, down: null}", 11, "links[1]: needs a bandwidth"),
    "trace of a file that is not there": ("bandwidth: 50 Mbit/s", "trace: {up: up.csv, down: up.csv}", 11, "links[1].trace.up: no such file: 'up.csv'; "),
    "trace of nothing": ("bandwidth: 50 Mbit/s", "trace: 50 Mbit/s", 11, "links[1].trace: '50 Mbit/s' is no trace; write the name of a .csv or .yaml file, or {steps: [[0 s, 10 Mbit/s], …]}"),
    "trace that ends with nothing": ("bandwidth: 50 Mbit/s", "trace: {steps: [[0 s, 1 Mbit/s], [5 s, 0]]}", 9, "links: the trace from edge to cloud ends with 0, where messages stay for ever; give it 'repeat', or the run a 'duration'"),
    "trace of nothing at all times": ("bandwidth: 50 Mbit/s", "trace: {steps: [[0 s, 0], [5 s, 0]]}", 11, "links[1].trace: the bandwidth is 0 at all times (a fault takes a link down)"),
    "trace in a wrong unit": ("bandwidth: 50 Mbit/s", "trace: {steps: [[0 s, 1 Mb/s]]}", 11, "links[1].trace.steps[0]: '1 Mb/s' is no bandwidth; did you mean '1 Mbit/s'?"),
    "routing by colour": ("data: plaza", "data: plaza\nnetwork: {routing: hopps}", 3, "network.routing: unknown value 'hopps'; did you mean 'hops'? (allowed: latency, hops)"),
    "network of an unknown kind": ("data: plaza", "data: plaza\nnetwork: {rooting: hops}", 3, "network.rooting: unknown key 'rooting'; did you mean 'routing'?"),

    # Workloads and sites.
    "one state only": ("every: 200 ms, jitter: 10 ms", "mmpp: [{rate: 2 /s, stay: 1 s}]", 4, "workload.mmpp: must be a list of 2 or more"),
    "states without rate": ("every: 200 ms, jitter: 10 ms", "mmpp: [{stay: 2 s}, {rate: 2 /s, stay: 1 s}]", 4, "workload.mmpp[0].rate: is missing"),
    "states in Hz": ("every: 200 ms, jitter: 10 ms", "mmpp: [{rate: 2 Hz, stay: 2 s}, {rate: 2 /s, stay: 1 s}]", 4, "workload.mmpp[0].rate: '2 Hz' is no rate; did you mean '2 /s'?"),
    "states that capture nothing": ("every: 200 ms, jitter: 10 ms", "mmpp: [{rate: 0 /s, stay: 2 s}, {rate: 0, stay: 1 s}]", 4, "workload: one of the rates must be more than 0"),
    "a day of no length": ("every: 200 ms, jitter: 10 ms", "diurnal: {mean: 5 /s, period: 0 h}", 4, "workload.diurnal.period: must be more than 0"),
    "a day that swings below 0": ("every: 200 ms, jitter: 10 ms", "diurnal: {mean: 5 /s, swing: 120 %}", 4, "workload.diurnal.swing: must be 1 or less, found '120 %'"),
    "a day of an unknown kind": ("every: 200 ms, jitter: 10 ms", "diurnal: {man: 5 /s}", 4, "workload.diurnal.man: unknown key 'man'; did you mean 'mean'?"),
    "captures from no file": ("every: 200 ms, jitter: 10 ms", "trace: arrivals.csv", 4, "workload.trace: no such file: 'arrivals.csv'"),
    "captures that are none": ("every: 200 ms, jitter: 10 ms", "trace: 5 s", 4, "workload.trace: '5 s' is no trace; write the name of a .csv or .yaml file, or [0 s, …]"),
    "captures that go back in time": ("every: 200 ms, jitter: 10 ms", "trace: [2 s, 1 s]", 4, "workload.trace[1]: times must ascend: 1 s comes after 2 s"),
    "captures repeated too soon": ("every: 200 ms, jitter: 10 ms", "trace: [0 s, 2 s], repeat: 2 s", 4, "workload.repeat: repeat (2 s) must be later than the last time (2 s)"),
    "captures with another workload": ("every: 200 ms", "trace: [0 s], every: 200 ms", 4, "workload: needs exactly one of 'every', 'poisson', 'mmpp', 'diurnal', 'rate', 'trace', found 'every' and 'trace'"),
    "fewer captures than samples": ("every: 200 ms, jitter: 10 ms", "trace: [0 s, 2 s]", 3, "samples: the trace has only 2 captures: give it a 'repeat', or ask for fewer samples"),
    "shares that leave some over": ("jitter: 10 ms", "classes: {a: {share: 10 %}, b: {share: 80 %}}", 4, "workload: the shares of the classes must sum to 1 (100 %), found 90 %"),
    "class without share": ("jitter: 10 ms", "classes: {a: {priority: 1}}", 4, "workload.classes.a.share: is missing"),
    "class with half a priority": ("jitter: 10 ms", "classes: {a: {share: 1, priority: 0.5}}", 4, "workload.classes.a.priority: must be a whole number"),
    "class with an unknown key": ("jitter: 10 ms", "classes: {a: {share: 1, prio: 1}}", 4, "workload.classes.a.prio: unknown key 'prio'; did you mean 'priority'?"),
    "class without a name": ("jitter: 10 ms", "classes: {'a b': {share: 1}}", 4, "workload.classes.a b: 'a b' is no name"),
    "deadline without unit": ("jitter: 10 ms", "deadline: 200", 4, "workload.deadline: 200 has no unit"),
    "workload of an unknown site": ("data: plaza", "data: plaza\nsites: {nroth: {every: 1 s}}", 3, "sites.nroth: no device has a site: 'nroth' is none"),

    # Faults: sites, partitions, at random.
    "two targets": ("node: camera3,", "node: camera3, site: north,", 16, "faults[0]: needs exactly one of 'node', 'link', 'site' and 'partition', found 'node' and 'site'"),
    "fault of an unknown site": ("node: camera3,", "site: north,", 16, "faults[0].site: unknown site 'north' (allowed: none)"),
    "narrow site": ("node: camera3, is: down", "site: north, bandwidth: 1 Mbit/s", 16, "a fault of a site says one of 'is', 'slow', 'do'; found 'bandwidth'"),
    "slow partition": ("node: camera3, is: down", "partition: [[edge], [cloud]], slow: 2", 16, "a fault of a partition says one of 'is', 'do'; found 'slow'"),
    "partition of one group": ("node: camera3, is: down", "partition: [[edge, cloud]]", 16, "faults[0].partition: needs two groups of nodes or more, e.g. [[camera*, edge], [cloud]]"),
    "partition of words": ("node: camera3, is: down", "partition: [edge, cloud]", 16, "faults[0].partition[0]: must be a list, found 'edge'"),
    "partition of an unknown node": ("node: camera3, is: down", "partition: [[edge], [clod]]", 16, "faults[0].partition[1][0]: unknown node 'clod'; did you mean 'cloud'?"),
    "partition whose groups overlap": ("node: camera3, is: down", "partition: [[camera*, edge], [edge, cloud]]", 16, "faults[0].partition[1][0]: 'edge' is in two groups"),
    "partition that cuts nothing": ("node: camera3, is: down", "partition: [[camera*], [cloud]]", 16, "faults[0].partition: no link leads from one group to another"),
    "loss of nothing": ("bandwidth: 1 Mbit/s", "loss: 0", 17, "faults[1].loss: must be more than 0"),
    "loss on a node": ("is: down", "loss: 1 %", 16, "a fault of a node says one of 'is', 'slow', 'do'; found 'loss'"),
    "failures without repairs": ("at: 40 s, for: 20 s,", "mtbf: 1 h,", 16, "faults[0]: faults at random need both 'mtbf' and 'mttr'"),
    "failures of a fixed length": ("at: 40 s,", "mtbf: 1 h, mttr: 1 s,", 16, "faults[0].for: faults at random last 'mttr' on average; leave 'for' out"),
    "recoveries at random": ("at: 40 s, for: 20 s, node: camera3, is: down", "mtbf: 1 h, mttr: 1 s, node: camera3, is: up", 16, "faults[0].is: faults at random end by themselves; leave 'is: up' out"),
    "shape of a script": ("at: 40 s,", "at: 40 s, shape: 2,", 16, "faults[0].shape: only faults at random have a shape; give 'mtbf' and 'mttr'"),
    "no shape": ("at: 40 s, for: 20 s,", "mtbf: 1 h, mttr: 1 s, shape: 0,", 16, "faults[0].shape: must be 0.1 or more, found 0"),
    "hardly a shape": ("at: 40 s, for: 20 s,", "mtbf: 1 h, mttr: 1 s, shape: 1.0e-308,", 16, "faults[0].shape: must be 0.1 or more, found 1e-308"),
    "a fault without time": ("at: 40 s, for: 20 s, ", "", 16, "faults[0].at: is missing"),
    "together or not": ("at: 40 s,", "at: 40 s, together: perhaps,", 16, "faults[0].together: must be true or false, found 'perhaps'"),
    "together at different times": (
        "{at: 40 s, for: 20 s, node: camera3, is: down}", "{name: x, mtbf: 1 h, mttr: 1 s, together: true, node: edge, is: down}\n  - {name: x, mtbf: 2 h, mttr: 1 s, together: true, node: cloud, is: down}",
        17, "faults[1]: faults of one name that strike together need the same 'mtbf'; 'x' has two",
    ),

    # Systems: what the edge does.
    "heartbeat without time": ("  ddnn: {}", "  ddnn: {heartbeat: {misses: 3}}", 13, "systems.ddnn.heartbeat.every: is missing"),
    "heartbeat never missed": ("  ddnn: {}", "  ddnn: {heartbeat: {every: 1 s, misses: 0}}", 13, "systems.ddnn.heartbeat.misses: must be 1 or more, found 0"),
    "heartbeat a time": ("  ddnn: {}", "  ddnn: {heartbeat: 1 s}", 13, "systems.ddnn.heartbeat: expected keys and values (allowed: every, misses, size), found '1 s'"),
    "retry sooner and sooner": ("  ddnn: {}", "  ddnn: {retry: {times: 2, after: 150 ms, factor: 0.5}}", 13, "systems.ddnn.retry.factor: must be 1 or more, found 0.5"),
    "retry after the limit": ("  ddnn: {}", "  ddnn: {retry: {times: 2, after: 1 s}}", 13, "systems.ddnn.retry: 'after' must be less than cloud_limit (1 s)"),
    "breaker without rest": ("  ddnn: {}", "  ddnn: {breaker: {failures: 3}}", 13, "systems.ddnn.breaker.rest: is missing"),
}  # fmt: skip


def complaint(path: Path, *overrides: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, overrides)
    return str(caught.value)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_the_scenario_that_the_cases_break_is_good(file):
    assert len(load_scenario(file).nodes) == 8


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_named_with_file_line_key_and_a_way_out(case, file):
    old, new, line, says = CASES[case]
    assert GOOD.count(old) == 1
    file.write_text(GOOD.replace(old, new), encoding="utf-8")
    message = complaint(file)
    hit = [text for text in message.splitlines() if says in text]
    assert hit, message
    assert hit[0].startswith(f"{file}:{line}: "), message


def test_a_bad_member_of_a_list_does_not_make_the_list_too_short(file):
    states = "mmpp: [{rate: 2 /s, stay: 0 s}, {rate: 2 /s, stay: 1 s}]"
    file.write_text(GOOD.replace("every: 200 ms, jitter: 10 ms", states), encoding="utf-8")
    assert complaint(file) == f"{file}:4: workload.mmpp[0].stay: must be more than 0, found '0 s'"


# Cases that take two changes: what is replaced by what, twice.
PAIRS = {
    "sites in the old system": (
        ("raspberry-pi-4}", "raspberry-pi-4, site: north}\n  mast: {tier: device, speed: 1 FLOP/s, site: south}"),
        ("  ddnn: {}", "  ddnn-2017: {tiers: devices+edge+cloud}"), 14, "systems.ddnn-2017: ddnn-2017 plays one site, found north, south",
    ),
    "workload of a site misspelt": (
        ("raspberry-pi-4}", "raspberry-pi-4, site: north}"), ("data: plaza", "data: plaza\nsites: {nroth: {every: 1 s}}"),
        3, "sites.nroth: unknown site 'nroth'; did you mean 'north'? (allowed: north)",
    ),
    "loss on a fair link": (
        ("preset: wifi", "preset: wifi, sharing: fair"), ("node: camera3, is: down", "link: [camera3, edge], loss: 1 %"),
        16, "faults[0].loss: 'camera3 - edge' is a fair link: its messages are flows",
    ),
    "a site that reaches no edge of its own": (
        ("raspberry-pi-4}", "raspberry-pi-4, site: north}\n  mast: {tier: device, speed: 1 FLOP/s, site: south}\n  hut: {tier: edge, speed: 1 FLOP/s, site: south}"),
        ("[camera*, edge]", "['camera[1..6]', edge]"), 7, "nodes.mast: no path of links leads from 'mast' to the edge 'hut'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PAIRS)
def test_mistakes_that_lie_between_two_sections_are_named_as_well(case, file):
    *changes, line, says = PAIRS[case]
    text = GOOD
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    message = complaint(file)
    assert f"{file}:{line}: {says}" in message, message


# What a trace file holds, the line the message points at, what it says.
BAD_TRACES = {
    "nothing": ("up.csv", "", 1, "the trace has no rows; write e.g. time_s,bandwidth_Mbit/s and below it numbers"),
    "headings only": ("up.csv", "time_s,bandwidth_Mbit/s\n# and no more\n", 1, "the trace has no rows"),
    "one column": ("up.csv", "time_s,bandwidth_Mbit/s\n0\n", 2, "needs 2, with commas (time_s,bandwidth_Mbit/s), found 1 column"),
    "semicolons": ("up.csv", "0 s;1 Mbit/s\n", 1, "needs 2, with commas (time_s,bandwidth_Mbit/s), found 1 column"),
    "three columns": ("up.csv", "0,1,2\n", 1, "found 3 columns"),
    "no value": ("up.csv", "time_s,bandwidth_Mbit/s\n0,1\n\n5,\n", 4, "a gap: there is no bandwidth"),
    "no time": ("up.csv", "time_s,bandwidth_Mbit/s\n0,1\n,3\n", 3, "a gap: there is no time"),
    "no unit": ("up.csv", "0 s,1\n", 1, "'1' has no unit; write e.g. '1 Mbit/s'; or name the units in the first line: time_s,bandwidth_Mbit/s"),
    "an unknown unit in the heading": ("up.csv", "time_s,bandwidth_mbps\n0,1\n", 2, "'1' has no unit"),
    "an unknown unit": ("up.csv", "time_s,bandwidth\n0,1 Mb\n", 2, "this is no bandwidth; write e.g. '10 Mbit/s'"),
    "a negative value": ("up.csv", "time_s,bandwidth_Mbit/s\n0,-1\n", 2, "'-1 Mbit/s' is negative; a bandwidth must be 0 or more"),
    "a negative time": ("up.csv", "time_s,bandwidth_Mbit/s\n0,1\n-5,1\n", 3, "'-5 s' is negative"),
    "not a number": ("up.csv", "time_s,bandwidth_Mbit/s\n0,nan\n", 2, "this is no bandwidth"),
    "an infinite value": ("up.csv", "time_s,bandwidth_Mbit/s\n0,1e999\n", 2, "is too large for a bandwidth"),
    "times that go back": ("up.csv", "time_s,bandwidth_Mbit/s\n0,1\n9,1\n5,1\n", 4, "times must ascend: 5 s comes after 9 s"),
    "a time twice": ("up.csv", "time_s,bandwidth_Mbit/s\n0,1\n9,1\n9,2\n", 4, "times must ascend: 9 s is there twice"),
    "an open quotation mark": ("up.csv", 'time_s,bandwidth_Mbit/s\n"0,1\n', 2, "not CSV: unexpected end of data"),
    "other bytes than text": ("up.csv", b"\xff\xfe\x00", None, "'up.csv' cannot be read: it is not UTF-8 text"),
    "no YAML": ("up.yaml", "- [0 s\n", 2, "not YAML"),
    "keys in YAML": ("up.yaml", "steps: 1\n", 1, "a trace in YAML is a list of pairs [0 s, 10 Mbit/s]"),
    "an empty YAML list": ("up.yaml", "[]\n", 1, "the trace has no rows"),
    "a row too long in YAML": ("up.yaml", "- [0 s, 1 Mbit/s]\n- [5 s, 1 Mbit/s, 3]\n", 2, "a trace is a list of pairs"),
    "a gap in YAML": ("up.yaml", "- [0 s, 1 Mbit/s]\n- [5 s, ]\n", 2, "a trace is a list of pairs [0 s, 10 Mbit/s], found 1 value"),
    "a null in YAML": ("up.yaml", "- [0 s, 1 Mbit/s]\n- [5 s, null]\n", 2, "a gap: there is no bandwidth"),
    "a bare number in YAML": ("up.yaml", "- [0, 1 Mbit/s]\n- [5, 1 Mbit/s]\n", 2, "5 has no unit; write e.g. '5 ms'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_TRACES)
def test_a_bad_trace_is_named_once_with_its_file_and_line_and_the_key_that_wants_it(case, file):
    name, content, line, says = BAD_TRACES[case]
    trace = file.with_name(name)
    trace.write_bytes(content if isinstance(content, bytes) else content.encode())
    file.write_text(GOOD.replace("bandwidth: 50 Mbit/s", f"trace: {name}"), encoding="utf-8")
    message = complaint(file)
    place = f"{file}:11" if line is None else f"{trace}:{line}"
    assert message.startswith(f"{place}: links[1].trace: "), message
    assert says in message
    assert len(message.splitlines()) == 1


def test_bad_captures_are_named_in_their_file(file):
    file.with_name("a.csv").write_text("time_s\n3\n3\n1\n", encoding="utf-8")
    file.write_text(GOOD.replace("every: 200 ms, jitter: 10 ms", "trace: a.csv"), encoding="utf-8")
    there = file.with_name("a.csv")
    assert (
        complaint(file) == f"{there}:4: workload.trace: times must ascend: 1 s comes after 3 s"
    )  # twice at 3 s is fine


def test_a_trace_that_is_missing_names_those_that_are_there(file):
    file.with_name("uplink.csv").write_text("0 s,1 Mbit/s\n", encoding="utf-8")
    file.write_text(GOOD.replace("bandwidth: 50 Mbit/s", "trace: up.csv"), encoding="utf-8")
    assert f"{file}:11: links[1].trace: no such file: 'up.csv'; {file.parent} holds uplink.csv" in complaint(file)
    file.write_text(GOOD.replace("bandwidth: 50 Mbit/s", "trace: traces/up.csv"), encoding="utf-8")
    assert f"no such file: 'traces/up.csv', seen from {file.parent}" in complaint(file)


def test_a_bad_trace_of_the_command_line_is_named_as_it_was_written(file):
    message = complaint(file, "nodes.edge.load={steps: [[0 s, 10 %], [5 s, 200 %]]}")
    assert message.startswith(
        "--set nodes.edge.load={steps: [[0 s, 10 %], [5 s, 200 %]]}: nodes.edge.load.steps[1]: '200 %'"
    )


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("{", 1, "not JSON: "),
        ("[]", 1, "no profile: it has no 'weights' (write one with 'python -m simnet profile')"),
        ('{"weights": 3}', 1, "no profile: it has no 'weights'"),
        ('{"weights": {\n"w": 3}}', 2, "weights.w: must be keys and values, found 3"),
        ('{"weights": {"w": {\n"device": {}}}}', 2, "weights.w.device: must be keys and values, found {}"),
        ('{"weights": {"w": {"device":\n{"1": 0.1,\n"0": 0.1}}}}', 3, "a batch size is a whole number from 1 on, found '0'"),
        ('{"weights": {"w": {"device":\n{"1": 0.1,\n"8": -0.1}}}}', 3, "weights.w.device.8: must be seconds, more than 0, found -0.1"),
        ('{"weights": {"w": {"device": {"1": "3 ms"}}}}', 1, "must be seconds, more than 0, found '3 ms'"),
        ('{"weights": {"w": {"device": {"1": NaN}}}}', 1, "must be seconds, more than 0, found nan"),
    ],
)  # fmt: skip
def test_a_bad_profile_is_named_with_its_file_and_line(content, line, says, file):
    profile = file.with_name("p.json")
    profile.write_text(content, encoding="utf-8")
    file.write_text(GOOD.replace("speed: 10 TFLOP/s", "speed: 10 TFLOP/s, profile: p.json"), encoding="utf-8")
    message = complaint(file)
    assert message.startswith(f"{profile}:{line}: nodes.cloud.profile: "), message
    assert says in message


def test_the_message_has_exactly_the_documented_form(file):
    file.write_text(GOOD.replace("50 Mbit/s", "10 MHz"), encoding="utf-8")
    assert complaint(file).startswith(
        f"{file}:11: links[1].bandwidth: '10 MHz' is no bandwidth; write e.g. '10 Mbit/s'"
    )


def test_several_mistakes_are_reported_together_in_the_order_of_the_file(file):
    text = GOOD.replace("samples: 10", "samples: 0").replace("20 ms", "20").replace("camera3", "camera9")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (3, "samples"), (11, "links[1].latency"), (16, "faults[0].node"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("# nothing\n", "is empty"),
        ("- a\n- b\n", "is a mapping of keys (name: …, nodes: …), not a list"),
        ("hello\n", "not 'hello'"),
        ("a: 1\n---\nb: 2\n", "not YAML"),
        (b"\xff\xfe\x00", "it is not UTF-8 text"),
        ("a: \x07", "not YAML"),
    ],
)
def test_a_file_that_holds_no_scenario_says_so(file, content, says):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    message = complaint(file)
    assert message.startswith(str(file))
    assert says in message


def test_a_missing_file_names_the_scenarios_beside_it(file):
    assert (
        complaint(file.with_name("y.yaml")) == f"{file.with_name('y.yaml')}: no such file; {file.parent} holds x.yaml"
    )
    assert complaint(Path("no/such/folder/y.yaml")).endswith("y.yaml: no such file")


def test_a_directory_is_not_a_scenario(tmp_path):
    assert "is a directory" in complaint(tmp_path)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("nodes.camra3.speed=1 GFLOP/s", "in nodes: unknown key 'camra3'; did you mean 'camera3'?"),
        ("nods.camera3.speed=1 GFLOP/s", "unknown key 'nods'; did you mean 'nodes'?"),
        ("nodes.cam?.speed=1 GFLOP/s", "in nodes: unknown key 'cam?'"),
        ("links.2.bandwidth=1 Mbit/s", "in links: no entry '2': it has 2, counted from 0"),
        ("faults.x.at=1 s", "in faults: no entry 'x'"),
        ("name.x=1", "name is 'good' and has no keys"),
        ("nodes.edge.sped=1 GFLOP/s", "nodes.edge.sped: unknown key 'sped'; did you mean 'speed'?"),
        ("links.1.bandwidth=10 MHz", "links[1].bandwidth: '10 MHz' is no bandwidth"),
        ("nodes.camera*.workers=0", "nodes.camera1.workers: must be 1 or more, found 0"),
        ("systems.ddnn.thresholds={edge-9: 1}", "unknown exit 'edge-9'"),
        ("nodes={1: {}}", "'1' is no name"),
        ("nodes.edge={speed: 1, speed: 2}", "'speed' is given twice"),
        ("seed", "write KEY=VALUE"),
        ("nodes..x=1", "write KEY=VALUE"),
        ("seed=[", "not YAML"),
        (
            "links.1={between: [edge, cloud], bandwidth: 0 Mbit/s, latency: 1 ms}",
            "links[1].bandwidth: must be more than 0",
        ),
        ("workload={every: 20 ms, jitter: -1 ms}", "workload.jitter: '-1 ms' is negative"),
    ],
)
def test_a_bad_override_is_named_as_it_was_written(file, override, says):
    message = complaint(file, override)
    assert message.startswith(f"--set {override}: "), message
    assert says in message


def test_a_misspelt_key_is_not_missed_as_well(file):
    file.write_text(GOOD.replace("{tier: cloud,", "{Tier: cloud,"), encoding="utf-8")
    assert "nodes.cloud.tier: is missing" not in complaint(file)


def test_the_last_override_of_a_value_is_the_one_that_is_named(file):
    overrides = ["nodes.edge.workers=2", "nodes.edge={tier: edge, speed: 1 GFLOP/s, workers: 0}"]
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file, overrides)
    assert str(caught.value) == f"--set {overrides[1]}: nodes.edge.workers: must be 1 or more, found 0"


def test_a_bad_samples_option_is_named_as_it_was_written(file):
    with pytest.raises(ScenarioError, match=r"^--samples 0: samples: must be 1 or more, found 0$"):
        load_scenario(file, samples=0)


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every key and list position inside `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in inner for place in [(*path, key), *places(item, (*path, key))]]


NONSENSE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "x", "1 ms", "*", "edge", "a[1..2]"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "tier", "up", "at"]), inner),
    max_leaves=5,
)


RICH = """\
name: rich
data: plaza
samples: 10
network: {routing: hops, weights: latency}
workload: {every: 200 ms, deadline: 1 s, skew: 5 ms, classes: {a: {share: 10 %, priority: 1}, b: {share: 90 %}}}
sites:
  north: {mmpp: [{rate: 2 /s, stay: 10 s}, {rate: 20 /s, stay: 2 s}]}
  south: {trace: [0 s, 1 s], repeat: 5 s}
  west: {diurnal: {mean: 5 /s, swing: 50 %}}
nodes:
  n[1..2]: {tier: device, preset: raspberry-pi-4, site: north, power: {send: 1 uJ/B}, battery: 1 Wh, warm_up: 1 s}
  s1: {tier: device, speed: 1 GFLOP/s, site: south, load: {steps: [[0 s, 10 %], [5 s, 20 %]], repeat: 9 s}}
  w1: {tier: device, speed: 1 GFLOP/s, site: west, load: 30 %}
  edge: {tier: edge, preset: jetson-nano, queue: {order: priority, limit: 9}, batch: {size: 8, efficiency: {8: 3}}}
  cloud: {tier: cloud, preset: nvidia-t4, queue: 50, profile: {ddnn-plaza: {cloud: {1: 3 ms}}}}
links:
  - {between: [n*, edge], preset: wifi, medium: cell, mtu: 1500 B, loss: 1 %, attempts: 3, jitter: 1 ms, queue: 64 kB}
  - {between: [s1, edge], latency: 1 ms, sharing: fair, trace: {up: {steps: [[0 s, 1 Mbit/s]]}, down: [[0 s, 1 Mbit/s]]}}
  - {between: [w1, edge], preset: lte-m, loss: {up: {good: 0, bad: 20 %, good_for: 1 s, bad_for: 1 s}, down: null}}
  - {between: [edge, cloud], preset: cat1}
systems:
  ddnn: {heartbeat: {every: 1 s}, retry: {times: 2, after: 150 ms}, breaker: {failures: 3, rest: 10 s}}
faults:
  - {mtbf: 1 h, mttr: 1 s, shape: 2, site: north, is: down}
  - {name: cut, at: 1 s, for: 1 s, partition: [[n*, s1, w1], [edge]]}
  - {at: 1 s, link: [edge, cloud], direction: up, loss: 30 %}
"""


def test_the_rich_scenario_that_nonsense_breaks_is_good(file):
    file.write_text(RICH, encoding="utf-8")
    assert len(load_scenario(file).faults) == 2 + 2 * 4 + 1


@pytest.mark.parametrize("good", [GOOD, RICH], ids=["plain", "rich"])
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_nonsense_anywhere_is_a_scenario_error_and_never_another_exception(tmp_path_factory, good, data):
    """Any value of the good file replaced by anything: it loads or it says what is wrong with file and place."""
    content = yaml.safe_load(good)
    *parents, last = data.draw(st.sampled_from(places(content)))
    holder = content
    for key in parents:
        holder = holder[key]
    holder[last] = data.draw(NONSENSE)
    path = tmp_path_factory.mktemp("nonsense") / "x.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    try:
        load_scenario(path)
    except ScenarioError as error:
        assert error.problems
        assert all(problem.file == str(path) and problem.line for problem in error.problems)


@pytest.mark.parametrize("text", ["[" * 200_000, "a: " + "[" * 500 + "]" * 500, "{a: " * 200 + "}" * 200])
def test_bottomless_nesting_is_refused(file, text):
    file.write_text(text, encoding="utf-8")
    assert "not YAML" in complaint(file)


def test_a_small_file_that_unfolds_into_millions_of_values_is_refused(file):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert "nested without end" in complaint(file)
