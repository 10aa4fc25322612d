package org.sealwax.router.spool;

/**
 * The steps after which the disk is in a state of its own. A crash may come right after each of
 * them; what the next start finds, and what follows, is the table "Crash states" in docs/spool.md,
 * which a test executes row by row.
 */
enum SpoolStep {
  // A large content on its way, in the thread of its session.
  /** The content's file is there; all, a part or nothing of the content is in it. */
  BEGIN_CONTENT,
  /** The whole content is on stable storage. */
  SYNC_CONTENT,

  // The writer, in the order of WriterState.
  /** The names of new contents' files are on stable storage. */
  SYNC_NAMES,
  /** A transaction begins that does not wait for the disk. */
  BEGIN,
  /** A transaction begins whose commit waits for the disk. */
  BEGIN_SYNCED,
  /** The jobs of the batch are in the transaction. */
  WRITE,
  /** A row is written, so that the commit has something to wait for. */
  TOUCH,
  /** Old trace entries are deleted, or free pages given back, in the transaction. */
  TIDY,
  /** The transaction is committed. */
  COMMIT,
  /** The files of contents whose messages are done are removed. */
  REMOVE_CONTENTS,
  /** New contents have their names. After a crash here the client sends a copy (RFC 1047). */
  NAME_CONTENTS,
  /** All callers know that their jobs are stored. */
  ANSWER,
  /** The log is copied into the database, and begins again with the next commit. */
  FINISH_LOG,
  /** The transaction is undone. */
  ROLLBACK,
  /** The jobs of the batch will be tried one by one. */
  DIVIDE,
  /** The database is closed: what reached the disk is not known. */
  CLOSE,
  /** Callers that wait know the failure; changes wait for the next opening. */
  REFUSE,
  /** What is readable of the database is in a new one. */
  SALVAGE,
  /** The database is open, and nothing in it is FRESH. */
  OPEN,
  /** The log is copied into the database and removed. */
  EMPTY_LOG,

  // The sweep after a start.
  /** A content whose record is committed got its name. */
  NAME_LEFT,
  /** The part of a content that was never acknowledged is removed. */
  REMOVE_PART,
  /** The content of a message that is done is removed. */
  REMOVE_LEFT,
  /** A content without a record is in the folder unclaimed. */
  SET_ASIDE,

  // The salvage of a damaged database.
  /** The mark names the folder for the damaged files. */
  NAME_FOLDER,
  /** The damaged database is in that folder. */
  MOVE_DATABASE,
  /** Its log is there, too. */
  MOVE_LOG,
  /** The folder is marked: it has all damaged files. */
  MARK_MOVED,
  /** Every readable row is in a new database, which has another name. */
  COPY_ROWS,
  /** The new database has its name. */
  PLACE_DATABASE,
  /** The mark is removed. */
  END_SALVAGE,

  // A backup.
  /** Contents are linked or copied. */
  LINK_CONTENTS,
  /** The copy of the database is there under another name. */
  COPY_DATABASE,
  /** The copy of the database has its name: the backup is whole. */
  PLACE_COPY,

  // A restore.
  /** The backup is copied next to the place of the spool. */
  COPY_BACKUP,
  /** The copy was found whole. */
  CHECK_BACKUP,
  /** The copy is in the place of the spool. */
  PLACE_SPOOL
}
