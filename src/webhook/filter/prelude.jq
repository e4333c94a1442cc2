# What jq has and jaq lacks, as far as it is of use in a filter.

# SQL-style
def IN(all): any(all == .; .);
def IN(some; all): any(some == all; .);
def INDEX(rows; key): reduce rows as $row ({}; .[$row | key | tostring] = $row);
def INDEX(key): INDEX(.[]; key);
def JOIN($index; key): [.[] | [., $index[key]]];
def JOIN($index; rows; key): rows | [., $index[key]];
def JOIN($index; rows; key; f): rows | [., $index[key]] | f;

# Pairs may have their key and value under any of these names, as lists of headers do.
def from_entries: reduce .[] as $pair ({};
  . + {
    ($pair | if has("key") then .key else .k // .name // .Name // .K // .Key end
           | if isstring then . else tojson end):
    ($pair | if has("value") then .value elif has("v") then .v else .Value end)
  });
def with_entries(f): to_entries | map(f) | from_entries;

# Texts: what is none stays as it is, and null is nothing.
def ltrimstr($text): if isstring and ($text | isstring) and startswith($text) then .[($text | length):] end;
def rtrimstr($text): if isstring and ($text | isstring) and endswith($text) then .[:length - ($text | length)] end;
def trimstr($text): ltrimstr($text) | rtrimstr($text);
def join($between):
  def text: if . == null then "" elif isstring then . else tojson end;
  reduce .[] as $part (null; if . == null then "" else . + $between end + ($part | text)) // "";
def ascii: [.] | implode;
def @csv: map(if isstring then "\"" + gsub("\""; "\"\"") + "\"" else . end) | join(",");
def @tsv:
  def escapes: ["\\", "\\\\"], ["\t", "\\t"], ["\n", "\\n"], ["\r", "\\r"];
  map(if isstring then reduce escapes as [$from, $to] (.; . / $from | join($to)) end) | join("\t");

# Lists and dates
def toarray: if isarray then . else [.] end;
def leaf_paths: paths(scalars);
def date: todate;
def dateadd(unit; $seconds): . + $seconds;
def datesub(unit; $seconds): . - $seconds;
