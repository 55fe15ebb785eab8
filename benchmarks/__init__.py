"""What the README claims, as commands that print JSON. They measure; the tests decide."""
