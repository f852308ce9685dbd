"""The engine's benchmark measures its workload: what both sides simulate is worked out by hand in its first lines."""

from __future__ import annotations

from benchmarks import engine


def test_both_sides_of_the_engine_s_benchmark_simulate_the_workload_of_its_docstring() -> None:
    made = engine.world()
    made.play()
    for hops, latency in (engine.simulated(made), engine.by_hand()):
        # a report each of 60,000 and 3,000 uploads; 8 + 5 + 2 ms, for 30 % another 9.6 + 20 + 5 ms
        assert hops == 60_000 + 3_000
        assert abs(latency - (0.015 + 0.3 * 0.0346)) < 1e-10  # the yardstick sums floats
