"""What every part of the project uses: work folders, devices, progress, provenance."""
