"""Pictures of parts: taken in bounded, judged by the vision model, confirmed or corrected by people."""
