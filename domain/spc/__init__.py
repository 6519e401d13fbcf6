"""Statistical process control: constants, charts with frozen limits, rules on runs, capability.

Sources: D. C. Montgomery, Introduction to Statistical Quality Control; NIST/SEMATECH e-Handbook of
Statistical Methods, chapter 6; L. S. Nelson, Journal of Quality Technology 16 (1984) 237; Western
Electric, Statistical Quality Control Handbook (1956).
"""
