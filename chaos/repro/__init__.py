"""From a finding to a script that shows it again without the rig, and to the text of an issue."""
