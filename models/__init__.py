"""Machine-learning models: features, registry, scorer, explainer, and one folder a capability."""
