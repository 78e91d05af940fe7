"""The course: lessons, their exercises and checks, and the versions for students, teachers and readers."""
