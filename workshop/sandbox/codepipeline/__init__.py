"""CodePipeline of the sandbox: pipelines whose actions really run, each under its role."""
