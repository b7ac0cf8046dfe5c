# R reads CSV and py-feat's columns as a user does, without a word about types.
files <- commandArgs(trailingOnly = TRUE)[1]
faces <- read.csv(file.path(files, "faces.csv"))
feat <- read.csv(file.path(files, "pyfeat.csv"))
stopifnot(
  is.logical(faces$uncertain), is.logical(faces$faces_truncated),
  is.numeric(faces$p_fear), is.numeric(faces$blur), is.integer(faces$face_index),
  nrow(faces) == nrow(feat), sum(is.na(faces$face_index)) == 2,
  all.equal(faces$p_happiness, feat$happiness), all.equal(faces$box_w, feat$FaceRectWidth),
  all.equal(faces$roll, -feat$Roll * 180 / pi, tolerance = 1e-6),
  all(abs(rowSums(faces[grep("^p_", names(faces))]) - 1) < 1e-5, na.rm = TRUE)
)
str(faces)
print(aggregate(top_p ~ top_label, faces, mean))
cat(R.version.string, ": ", nrow(faces), " rows of ", ncol(faces), " columns, CSV and pyfeat\n", sep = "")
