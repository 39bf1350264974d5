//! The pages of the program's code in memory.
//!
//! Most of what has run when a worker rests was for its start, and the kernel maps the neighbours of each page with it:
//! three quarters of the code, as much memory as fifty idle tasks. None of it is lost when it is given back; what runs
//! comes back from the page cache, a few hundred pages in a fraction of a millisecond.
#![allow(unsafe_code)]

use std::{fs, io, ops::Range, time::Duration};

/// How long after a worker has started its code is given back: tasks have settled by then.
const FIRST: Duration = Duration::from_secs(4);

/// How often from then on: connectors and requests come and go.
const OTHERS: Duration = Duration::from_mins(5);

/// What the kernel tells of a process's memory: `proc(5)`.
const MAPS: &str = "/proc/self/maps";

/// Gives back, now and then, what does not run; never returns.
pub(crate) async fn give_back() {
    let mut pause = FIRST;
    loop {
        tokio::time::sleep(pause).await;
        if let Err(error) = unmap() {
            tracing::debug!(%error, "the pages of the program's code stay");
        }
        pause = OTHERS;
    }
}

/// Gives the pages of the program's code back. Those that run come back at once, from the file or the kernel's cache of it;
/// the others no longer count as the process's.
///
/// # Errors
/// If the kernel does not say where they are, or keeps them.
fn unmap() -> io::Result<()> {
    let program = fs::read_link("/proc/self/exe")?;
    let maps = fs::read_to_string(MAPS)?;
    for range in code(&maps, &program.to_string_lossy()) {
        // SAFETY: this is a private mapping of a file that nobody may write to (`code` takes no writable one, and this
        // program has no relocations in its code): what is read there next is what was there.
        let outcome = unsafe {
            libc::madvise(range.start as *mut libc::c_void, range.len(), libc::MADV_DONTNEED)
        };
        if outcome != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Where the code of a program is, by lines such as `5574735ea000-55747443d000 r-xp 0045d000 fe:00 5312534  /program`.
fn code(maps: &str, program: &str) -> Vec<Range<usize>> {
    maps.lines().filter_map(|line| code_in(line, program)).collect()
}

fn code_in(line: &str, program: &str) -> Option<Range<usize>> {
    let mut fields = line.splitn(6, ' ');
    let (range, rights) = (fields.next()?, fields.next()?);
    if rights != "r-xp" || fields.last()?.trim_start() != program {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    Some(address(start)?..address(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_what_runs_of_the_program_itself() {
        let maps = "\
1000-2000 r--p 00000000 fe:00 53                    /usr/bin/a b
2000-5000 r-xp 00001000 fe:00 53                    /usr/bin/a b
5000-6000 r--p 00004000 fe:00 53                    /usr/bin/a b
6000-7000 rw-p 00005000 fe:00 53                    /usr/bin/a b
7000-8000 r-xp 00001000 fe:00 54                    /lib/libc.so.6
8000-9000 rw-p 00000000 00:00 0 
9000-a000 r-xp 00000000 00:00 0                     [vdso]
";
        let all = code(maps, "/usr/bin/a b");
        assert_eq!((all.len(), &all[0]), (1, &(0x2000..0x5000)));
        assert!(code(maps, "/usr/bin/c").is_empty());
    }

    #[test]
    fn code_that_was_given_back_runs() {
        let before = code(&fs::read_to_string(MAPS).unwrap(), &exe());
        assert!(!before.is_empty(), "{}", exe());
        unmap().unwrap();
        assert_eq!(code(&fs::read_to_string(MAPS).unwrap(), &exe()), before);
    }

    fn exe() -> String {
        fs::read_link("/proc/self/exe").unwrap().to_string_lossy().into_owned()
    }
}
