"""From a question to an answer by rules, no model needed, in order: words.py (sloppy English made plain) -> naming.py
(which hosts and metrics are meant) -> moments.py (when) -> intent.py (what is asked) -> planning.py (what to look at
next) -> finding.py (what stands out in what was looked at), logged.py (what logs say) -> wording.py (sentences
that cite it).

All of it is pure: from a conversation's messages to the next calls or the text. Nothing here reads a tool's text; what
a tool found is read from its data and its evidence.
"""
