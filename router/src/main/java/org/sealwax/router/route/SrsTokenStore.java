package org.sealwax.router.route;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.SqliteFormat;
import org.sealwax.router.store.Statements;
import org.sealwax.router.store.StoreFile;

/**
 * The senders of SRS tokens, on disk. Every method is one transaction, made by a platform thread;
 * what {@link #put} stored is on stable storage when it returns. Thread-safe.
 *
 * <p>A row lives as long as the addresses with its token are valid, and is never deleted earlier:
 * at the limits new senders are refused instead, since a client that sends many long addresses must
 * not make bounces of other mail undeliverable.
 *
 * <p>A file that is missing is made, and one that is not a database is moved aside; both are
 * logged. The tokens that were in it are unknown from then on. A file of a newer version is an
 * error, and so is one that cannot be read now.
 */
public final class SrsTokenStore implements Closeable {
  /** Name of the file in the state folder, and in a backup. */
  public static final String FILE = "srs.db";

  /** An IPv4 network of one client, in bits; what a provider gives to one customer at least. */
  private static final int V4_BITS = 24;

  /** An IPv6 network of one client, in bits. */
  private static final int V6_BITS = 48;

  /** In the place of a client: all of the day. */
  private static final String ALL = "";

  private static final SqliteFormat FORMAT =
      new SqliteFormat(
          "store of SRS senders",
          0x53655372, // "SeSr"
          List.of("journal_mode = WAL", "synchronous = FULL"),
          List.of("sender", "share"),
          List.of(
              SqliteFormat.Migration.of(
                  "CREATE TABLE sender(token TEXT PRIMARY KEY, day INTEGER NOT NULL,"
                      + " local TEXT NOT NULL, domain TEXT NOT NULL) WITHOUT ROWID",
                  "CREATE INDEX sender_day ON sender(day)",
                  "CREATE TABLE share(day INTEGER NOT NULL, client TEXT NOT NULL,"
                      + " senders INTEGER NOT NULL, PRIMARY KEY(day, client)) WITHOUT ROWID")));

  private final StoreFile rows;
  private final MailLog log;
  private long fullDay = -1;
  private long cleanedDay = -1;

  private SrsTokenStore(StoreFile rows, MailLog log) {
    this.rows = rows;
    this.log = log;
  }

  /**
   * Opens the file, or makes it.
   *
   * @throws IOException when neither can be done
   */
  public static SrsTokenStore open(Path file, MailLog log) throws IOException {
    boolean isNew = !Files.exists(file);
    StoreFile rows =
        StoreFile.openOrReplace(
            file,
            FORMAT,
            damage -> log.warning("forward", damage + ": bounces to the tokens in it are refused"));
    if (isNew) {
      log.note("forward", "created the store of SRS senders: " + file);
    }
    return new SrsTokenStore(rows, log);
  }

  /** The sender of a token; empty when there is none. */
  Optional<Mailbox> find(String token) throws IOException {
    return rows.transaction(w -> senderOf(w, token));
  }

  private static Optional<Mailbox> senderOf(Statements w, String token) throws SQLException {
    return w.first(
        "SELECT local, domain FROM sender WHERE token = ?",
        r ->
            new Mailbox(
                r.getString(1),
                Domain.parse(r.getString(2))
                    .orElseThrow(() -> new SQLException("a sender is not what was written"))),
        token);
  }

  /**
   * Whether {@link #put} would take this sender now.
   *
   * @throws ForwardSender.NoRoomForSender when a limit is reached
   */
  void checkRoom(SrsToken token, @Nullable InetAddress client, SrsTokenLimits limits)
      throws IOException {
    rows.transaction(w -> isKnown(w, token) ? Room.YES : room(w, token, network(client), limits))
        .check();
  }

  /**
   * Stores a sender; nothing is to be done when it is there.
   *
   * @param client by whose share; null: no share but that of the day
   * @throws ForwardSender.NoRoomForSender when a limit is reached
   */
  void put(SrsToken token, @Nullable InetAddress client, SrsTokenLimits limits) throws IOException {
    rows.transaction(
            w -> {
              if (isKnown(w, token)) {
                return Room.YES;
              }
              deleteExpired(w, token.day(), limits);
              String network = network(client);
              Room room = room(w, token, network, limits);
              if (room == Room.YES) {
                insert(w, token, network);
              }
              return room;
            })
        .check();
  }

  private enum Room {
    YES,
    /** The day has all that it may have. */
    DAY_FULL,
    /** The client has all that it may have this day. */
    CLIENT_FULL;

    void check() throws ForwardSender.NoRoomForSender {
      if (this != YES) {
        throw new ForwardSender.NoRoomForSender(
            this == DAY_FULL
                ? "the limit of stored senders per day is reached"
                : "the limit of stored senders per client is reached");
      }
    }
  }

  private static boolean isKnown(Statements w, SrsToken token) throws SQLException {
    Optional<Mailbox> known = senderOf(w, token.text());
    if (known.isPresent() && !known.get().equals(token.original())) {
      // Eighty bits: never in practice, and a bounce must not go to another sender.
      throw new SQLException("two senders have one token");
    }
    return known.isPresent();
  }

  private Room room(Statements w, SrsToken token, @Nullable String network, SrsTokenLimits limits)
      throws SQLException {
    if (share(w, token.day(), ALL) >= limits.stored().perDay()) {
      if (fullDay != token.day()) {
        fullDay = token.day();
        log.warning(
            "forward",
            "the limit of "
                + limits.stored().perDay()
                + " stored SRS senders per day is reached: forwards of more long sender addresses"
                + " get 451 until tomorrow ([srs] senders_per_day)");
      }
      return Room.DAY_FULL;
    }
    return network != null && share(w, token.day(), network) >= limits.stored().perClient()
        ? Room.CLIENT_FULL
        : Room.YES;
  }

  private static long share(Statements w, long day, String client) throws SQLException {
    return w.number("SELECT senders FROM share WHERE day = ? AND client = ?", day, client);
  }

  private static void insert(Statements w, SrsToken token, @Nullable String network)
      throws SQLException {
    w.update(
        "INSERT INTO sender(token, day, local, domain) VALUES(?, ?, ?, ?)",
        token.text(),
        token.day(),
        token.original().localPart(),
        token.original().domain().toString());
    for (String client : network == null ? List.of(ALL) : List.of(ALL, network)) {
      w.update(
          "INSERT INTO share(day, client, senders) VALUES(?, ?, 1)"
              + " ON CONFLICT(day, client) DO UPDATE SET senders = senders + 1",
          token.day(),
          client);
    }
  }

  /** Once a day; addresses of the day before the oldest may still be valid next to midnight. */
  private void deleteExpired(Statements w, long today, SrsTokenLimits limits) throws SQLException {
    if (today == cleanedDay) {
      return;
    }
    cleanedDay = today;
    w.update("DELETE FROM sender WHERE day < ?", today - limits.maxAge().toDays() - 1);
    w.update("DELETE FROM share WHERE day < ?", today - 1);
  }

  /** Senders that are stored now. */
  public long size() throws IOException {
    return rows.transaction(w -> w.number("SELECT count(*) FROM sender"));
  }

  /**
   * Copies the store as of one moment into a file that does not exist.
   *
   * @param copy on stable storage on return
   */
  public void copyTo(Path copy) throws IOException {
    rows.copyTo(copy);
  }

  private static @Nullable String network(@Nullable InetAddress client) {
    if (client == null) {
      return null;
    }
    byte[] bytes = client.getAddress();
    int bits = bytes.length == 4 ? V4_BITS : V6_BITS;
    Arrays.fill(bytes, bits / 8, bytes.length, (byte) 0);
    try {
      return new Cidr(InetAddress.getByAddress(bytes), bits).toString();
    } catch (java.net.UnknownHostException e) {
      throw new IllegalStateException("four or sixteen bytes", e);
    }
  }

  @Override
  public void close() {
    rows.close();
  }
}
