"""How sco itself is: where things stand (standing.py, `sco status`), and what ails it (`sco doctor`).

A package of its own above the capabilities, because it looks at all of them; nothing in it changes the world.
"""
