"""What is normal, what is not: series -> features -> detector scores -> calibration -> verdicts -> incidents."""
