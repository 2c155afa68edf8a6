//! Tables out of files: CSV, XLSX and ODS become the same rows; every fault is told with its line, never with a value.

use std::io::Cursor;

use calamine::{Data, Ods, Range, Reader as _, Xlsx};
use query_registry_types::import::{FileFormat, LineError};

/// A row: its line in the file, and the cells in the order of the columns that were asked for, trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line in the file; the header is line 1 where the table begins at the top.
    pub line: usize,
    /// One for each column.
    pub cells: Vec<String>,
}

/// A fault of a line.
pub fn error(line: usize, column: &str, problem: &str) -> LineError {
    LineError { line, column: column.to_owned(), problem: problem.to_owned() }
}

/// Reads the rows of `bytes`: the header names each of `columns` once, in any order, and nothing else; empty lines
/// are passed over; at most `most` rows.
pub fn read(
    bytes: &[u8],
    format: FileFormat,
    columns: &[&str],
    most: usize,
) -> Result<Vec<Row>, Vec<LineError>> {
    let (raw, mut errors) = match format {
        FileFormat::Csv => csv_rows(bytes),
        FileFormat::Xlsx => sheet_rows(Xlsx::new(Cursor::new(bytes)).ok().and_then(first_sheet)),
        FileFormat::Ods => sheet_rows(Ods::new(Cursor::new(bytes)).ok().and_then(first_sheet)),
    };
    if errors.iter().any(|e| e.line <= 1) {
        return Err(errors);
    }
    let mut raw = raw.into_iter().filter(|row| row.cells.iter().any(|cell| !cell.is_empty()));
    let Some(header) = raw.next() else { return Err(vec![error(1, "", "the file has no header")]) };
    let places = places(&header, columns)?;
    let mut rows = vec![];
    for row in raw {
        if row.cells.len() > header.cells.len()
            && row.cells.iter().skip(header.cells.len()).any(|c| !c.is_empty())
        {
            errors.push(error(row.line, "", "more cells than the header has"));
        }
        let cells = places.iter().map(|place| row.cells.get(*place).cloned().unwrap_or_default()).collect();
        rows.push(Row { line: row.line, cells });
        if rows.len() > most {
            return Err(vec![error(row.line, "", &format!("at most {most} lines in a file"))]);
        }
    }
    if rows.is_empty() && errors.is_empty() {
        errors.push(error(header.line, "", "the file has no lines below its header"));
    }
    if errors.is_empty() { Ok(rows) } else { Err(errors) }
}

fn places(header: &Row, columns: &[&str]) -> Result<Vec<usize>, Vec<LineError>> {
    let mut errors = vec![];
    let mut places = vec![];
    for column in columns {
        let found: Vec<usize> =
            header.cells.iter().enumerate().filter(|(_, c)| c == column).map(|(i, _)| i).collect();
        match found.as_slice() {
            [place] => places.push(*place),
            [] => errors.push(error(header.line, column, "the column is missing")),
            _ => errors.push(error(header.line, column, "the column stands there more than once")),
        }
    }
    let unknown = header.cells.iter().filter(|c| !c.is_empty() && !columns.contains(&c.as_str())).count();
    if unknown > 0 {
        errors.push(error(header.line, "", &format!("{unknown} columns that this file does not have")));
    }
    if errors.is_empty() { Ok(places) } else { Err(errors) }
}

fn csv_rows(bytes: &[u8]) -> (Vec<Row>, Vec<LineError>) {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let (mut rows, mut errors) = (vec![], vec![]);
    let mut record = csv::ByteRecord::new();
    let (mut line, mut counted) = (1, 0);
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(_) => {
                errors.push(error(rows.len() + 1, "", "the line cannot be read"));
                break;
            }
        }
        // The reader stands before the line feed of the record before: its own count lags behind on CRLF and on empty
        // lines, so the lines are counted here, up to the record's first byte.
        let mut start = record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(usize::MAX));
        while matches!(bytes.get(start), Some(b'\r' | b'\n')) {
            start += 1;
        }
        line += bytes.get(counted..start).unwrap_or_default().iter().filter(|b| **b == b'\n').count();
        counted = start;
        let cells: Result<Vec<String>, _> =
            record.iter().map(|cell| std::str::from_utf8(cell).map(|c| c.trim().to_owned())).collect();
        match cells {
            Ok(cells) => rows.push(Row { line, cells }),
            Err(_) => errors.push(error(line, "", "the line is not UTF-8")),
        }
    }
    (rows, errors)
}

fn first_sheet<R: calamine::Reader<Cursor<B>>, B: AsRef<[u8]>>(mut book: R) -> Option<Range<Data>> {
    book.worksheet_range_at(0)?.ok()
}

fn sheet_rows(sheet: Option<Range<Data>>) -> (Vec<Row>, Vec<LineError>) {
    let Some(sheet) = sheet else {
        return (
            vec![],
            vec![error(1, "", "the file is no such workbook, or its first sheet cannot be read")],
        );
    };
    let first = sheet.start().map_or(0, |(row, _)| usize::try_from(row).unwrap_or_default());
    let (mut rows, mut errors) = (vec![], vec![]);
    for (place, row) in sheet.rows().enumerate() {
        let line = first + place + 1;
        let cells: Option<Vec<String>> = row.iter().map(cell).collect();
        match cells {
            Some(cells) => rows.push(Row { line, cells }),
            None => errors.push(error(line, "", "a cell holds an error")),
        }
    }
    (rows, errors)
}

fn cell(data: &Data) -> Option<String> {
    Some(match data {
        Data::String(text) => text.trim().to_owned(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(value) => value.to_string(),
        Data::DateTime(at) => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        Data::DateTimeIso(text) => text.replace('T', " "),
        Data::DurationIso(text) => text.clone(),
        Data::Error(_) => return None,
        Data::Empty => String::new(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn csv(text: &str) -> Result<Vec<Row>, Vec<LineError>> {
        read(text.as_bytes(), FileFormat::Csv, &["甲", "乙"], 3)
    }

    #[test]
    fn columns_may_stand_in_any_order_and_lines_keep_their_numbers() {
        let rows = csv("\u{feff}乙,甲\r\n1, 2\r\n\r\n\"x\ny\",z\r\n").unwrap();
        assert_eq!(rows[0], Row { line: 2, cells: vec!["2".into(), "1".into()] });
        assert_eq!(rows[1].cells, ["z", "x\ny"]);
        assert_eq!(rows[1].line, 4);
    }

    #[test]
    fn broken_files_are_told_by_line() {
        let problem = |text: &str| csv(text).unwrap_err().remove(0);
        assert_eq!(problem("").problem, "the file has no header");
        assert_eq!(problem("甲,乙\n").problem, "the file has no lines below its header");
        assert_eq!(problem("甲\n1\n").column, "乙");
        assert_eq!(problem("甲,乙,乙\n1,2,3\n").problem, "the column stands there more than once");
        assert_eq!(problem("甲,乙,丙\n1,2,3\n").problem, "1 columns that this file does not have");
        assert_eq!(problem("甲,乙\n1,2\n1,2,3\n").line, 3);
        assert_eq!(problem("甲,乙\n1,2\n1,2\n1,2\n1,2\n").problem, "at most 3 lines in a file");
        let bytes = ["甲,乙\n1,".as_bytes(), &[0xff, 0xfe], b"\n"].concat();
        assert_eq!(read(&bytes, FileFormat::Csv, &["甲", "乙"], 3).unwrap_err()[0].line, 2);
        for format in [FileFormat::Xlsx, FileFormat::Ods] {
            assert_eq!(read(b"PK\x03\x04 no workbook", format, &["甲"], 3).unwrap_err()[0].line, 1);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_fail_otherwise_than_by_line(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for format in [FileFormat::Csv, FileFormat::Xlsx, FileFormat::Ods] {
                if let Err(errors) = read(&bytes, format, &["甲", "乙"], 10) {
                    prop_assert!(!errors.is_empty() && errors.iter().all(|e| e.line > 0));
                }
            }
        }
    }
}
