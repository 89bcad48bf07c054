"""Logs in S3 or a directory: from a time and a pattern to the lines that matter, at the speed of the hardware.

The stages, in order:

1. `layouts`   a window of time -> the prefixes that can hold it; a key -> the time that it promises
2. `listing`   those prefixes -> objects, with bytes and price, before the first read
3. `sources`   an object -> its stored bytes (S3 by boto3 or obstore, a directory)
4. `codecs`    stored bytes -> decoded buffers, by magic bytes
5. `sieve`     a decoded buffer -> positions that may match, found in the whole buffer at once
6. `formats`   a line at such a position -> its record, its time and its fields
7. `scan`      one object through 3 to 6; `crew` spreads objects over processes within a budget of bytes
8. `searching`, `tailing`, `counting` what the commands ask for; `athena` leaves the reading to AWS

Why this cut: decompressing is the bound, at about 1.1 GB/s a core; parsing a line costs seven times as much as
decompressing it. So nothing is parsed that the raw bytes already rule out, and each stage takes whole buffers.
What cannot be read, wholly or in part, is a `Trouble`: named, counted, and status 4; never skipped in silence.
"""
