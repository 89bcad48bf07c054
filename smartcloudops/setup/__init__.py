"""What `sco init` makes: answers (answers.py) -> a commented configuration (configuration.py), tried against the server
(probe.py) before it is written; the schedule (schedule.py) as systemd units (units.py) or crontab lines (cron.py);
files put where they belong, all of them or none (place.py).

Apart from the command, so that what is written can be tested without a terminal.
"""
