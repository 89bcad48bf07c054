"""What every part of sco stands on: errors, configuration, state, files, times, redaction."""
