"""bzip2, by the standard library."""

from __future__ import annotations

import bz2
import re

from smartcloudops.logs.codecs.members import Members

BZ2 = Members(name="bzip2", start=re.compile(rb"BZh[1-9]"), open=bz2.BZ2Decompressor, errors=(OSError, ValueError))
