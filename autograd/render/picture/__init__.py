"""Pictures: `graph_picture` and `program_picture` say what is drawn, `boxes` what a picture is, and `draw` turns it into DOT or SVG."""
