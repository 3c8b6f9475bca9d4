"""How the reference's cost grows: `axes` has what is varied, `rounds` plays one point of an axis,
`results` keeps what was measured, and `page` and `plot` show it."""
