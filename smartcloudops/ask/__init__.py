"""From a question to an answer that can be checked, in order: context.py (what is going on now) -> providers/ (who
words the answer; answering/ is how rules do) -> toolbox.py, tools/ and looks/ (what may be looked at) ->
conversing.py (the bounded loop) -> grounding/ (which numbers rest on what was looked at) -> sessions.py.

Everything that a provider sees is text that passed outgoing.py; everything that a tool found also goes into Evidence,
so that the check of the numbers, `--evidence` and JSON need no text to be parsed. The offline answerer is a provider
like the others, a pure function of the messages: one loop, one check, one way out of a failure. Tools only read;
nothing in here may reach `actions`.
"""
