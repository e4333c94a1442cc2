# The body is what POST /api/batch takes already: {"changes": [changes]}, a list of changes, or one change.
#
# In:  {"headers": {…}, "body": …}
# Out: the changes as they came. See docs/trackers/custom.md, and "The batch" in docs/API.md.

.body
| if type == "array" then .[]
  elif type == "object" and has("changes") then .changes | if type == "array" then .[] else . end
  else . end
| values
