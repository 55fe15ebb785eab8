"""Lets ``python -m flows.command_line`` be the command ``nightjar``."""

from flows.command_line.application import main

main()
