"""Pictures: which kind of defect a part shows, where it shows, and whether the kind is known at all."""
