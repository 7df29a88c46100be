"""CloudFormation: stacks, change sets and the resources in them."""
