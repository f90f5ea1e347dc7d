"""The benchmark: ratios against a limit that is measured in the same run (`make bench`)."""
