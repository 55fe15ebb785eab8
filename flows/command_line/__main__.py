"""Lets ``python -m flows.command_line`` be the command ``nightjar``."""

from flows.command_line.application import main

if __name__ == "__main__":  # a child process that opens footage imports this again
    main()
