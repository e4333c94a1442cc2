.body.data.deliveries[] | select(.meta.type == "attribute_change")
| {op: "merge", kind: "tasks", id: "\(.entity.id)", at: .created_at}
