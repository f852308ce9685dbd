"""Result tables to figures and comparisons; reads result files only, imports neither torch nor the engine."""
