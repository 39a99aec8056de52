"""Every interval and p-value that is printed, held to truths that are known by simulation."""
