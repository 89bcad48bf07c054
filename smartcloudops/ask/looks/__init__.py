"""What the tools do; loaded when a tool is first called: numpy and servers' clients are slow to load, while every tool
has to be told of before the first request.

A file that is named as a tool does what that tool says. The others serve several: looking.py, instants.py, present.py
and narrowing.py ask for values; figures.py, trends.py, standing.py, straying.py, suspects.py, arithmetic.py are pure;
quoting.py finds the figures in a sentence, runbooks.py the passages of the user's own files.
"""
