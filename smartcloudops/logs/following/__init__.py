"""What arrives in a source, poll by poll, every record once.

The stages of a poll, in order:

1. `reach`     the clock -> the window of time whose prefixes can hold something new
2. `watching`  its listing -> what is new, what changed, what went away
3. `rotation`  files of a directory that are another one renamed, copied or compressed -> that one's cursor
4. `gathering` changed objects -> passages: records that were not shown before, and how far that reaches
5. `merging`   their hits -> sorted by time, within a bound of memory; `pace` says when to look again

Why this cut: an object is known by what was shown of it (a digest of those bytes), not by its name, time or inode.
So growing, replacing, rotating and compressing are one case: the part that was shown is still there, or it is not.
"""
