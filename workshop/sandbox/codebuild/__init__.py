"""AWS CodeBuild: projects, and builds that run what a buildspec says."""
