"""What a system is set beside: answers of one place only, the best cut of a chain, and the bound that no rule passes.

Each uses the weights of the system that it is compared with (key `weights`).
"""
