"""Control charts at work: samples from readings and inspections, broken rules, cases, capability."""
