"""From a saliency map and a budget to looks."""
