"""What a command has to do with whoever started it: text that it prints, how it gets on, how it is stopped."""
