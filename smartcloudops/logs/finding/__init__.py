"""What is looked for, compiled: a question -> positions that may match, and the exact decision on a record.

1. `syntax`    an RE2 pattern -> its tree; `patterns` decides with RE2 itself
2. `where`     the filter language -> `filters`, a tree that decides on fields; `conditions` reads --field
3. `required`  the tree of a pattern, a value or a filter -> `clauses`: what a line that matches must hold
4. `scanners`  a clause -> positions in a buffer, by bytes.find, RE2 or Hyperscan, whichever suits it
5. `choosing`  of several clauses, the one that costs least in this buffer
6. `compile`   all of it behind `compiled(question)`

Why this cut: what scans is only ever a superset of the truth, made from the pattern's tree in bytes; what decides
knows nothing of it. So a scanner may be as loose as it is fast, and the results are the same with every one.

What a pattern means: RE2, line by line, in UTF-8. `^` and `$` are the ends of a line, a match never crosses one, and a
record of several lines matches if one of them does. Each byte that is no UTF-8 counts as U+FFFD, so it hides nothing.
"""
