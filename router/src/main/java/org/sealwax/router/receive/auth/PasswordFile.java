package org.sealwax.router.receive.auth;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.net.WatchedFile;
import org.sealwax.mail.smtp.ScramSha256;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receive.SaslExchange;

/**
 * Users and the keys of their passwords, one a line:
 *
 * <pre>{@code
 * # made by: sealwax password alice
 * alice:{SCRAM-SHA-256}20000,salt,storedkey,serverkey
 * }</pre>
 *
 * Read again when it changes; a file that became wrong keeps the former users. Names are case
 * sensitive. Thread-safe.
 */
public final class PasswordFile {
  /**
   * Maximum number of users; a router hosts no mailboxes, so these are applications and a few
   * users.
   */
  public static final int MAX_USERS = 10_000;

  /** Bytes of the file. */
  static final int MAX_SIZE = 8 << 20;

  /** Bytes of the secret behind decoy salts. */
  private static final int DECOY = 32;

  record Users(Map<String, ScramKeys> byName, List<Integer> iterations) {}

  private final Path file;
  private final WatchedFile<Users> users;
  private final byte[] decoySecret;

  /**
   * Opens the file.
   *
   * @param decoySecret at least 16 unpredictable bytes, the same after every start, from which user
   *     names that do not exist get salts that look like any other; kept apart from the file
   * @throws IOException when it cannot be read, or a line is wrong; the message names the line
   */
  public PasswordFile(Path file, byte[] decoySecret, Clock clock, MailLog log) throws IOException {
    this(file, decoySecret, clock, log, null);
  }

  /**
   * The same; a file that {@code former} read too is read as {@link WatchedFile#reload} specifies.
   */
  public PasswordFile(
      Path file, byte[] decoySecret, Clock clock, MailLog log, @Nullable PasswordFile former)
      throws IOException {
    if (decoySecret.length < 16) {
      throw new IllegalArgumentException("a decoy secret has at least 16 bytes");
    }
    this.decoySecret = decoySecret.clone();
    this.file = file;
    this.users =
        former != null && former.file.equals(file)
            ? former.users.reload(() -> reading(file))
            : new WatchedFile<>(
                file,
                clock,
                () -> reading(file),
                new WatchedFile.ChangeListener() {
                  @Override
                  public void taken(Path changed) {
                    log.configuration("password file " + changed + " reloaded");
                    warnings(changed).forEach(w -> log.warning("receive", w));
                  }

                  @Override
                  public void kept(Path changed, String why) {
                    log.warning(
                        "receive", "password file " + why + "; the former users remain in force");
                  }
                });
    warnings(file).forEach(w -> log.warning("receive", w));
  }

  /**
   * The secret in a file of the state folder, made there at the first time: users who do not exist
   * must not get a new salt at each start.
   *
   * @throws IOException when it cannot be read or made, or is not what was written
   */
  public static byte[] decoySecret(Path secretFile, RandomSource random) throws IOException {
    if (!Files.exists(secretFile)) {
      Files.createFile(
          secretFile,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(secretFile, random.bytes(DECOY), StandardOpenOption.SYNC);
    }
    byte[] secret = RegularFile.bytes(secretFile, DECOY + 1);
    if (secret.length != DECOY) {
      throw new IOException(secretFile + " is damaged; remove it");
    }
    return secret;
  }

  /** What an admin should know about a password file that can be read; one sentence each. */
  public static List<String> warnings(Path file) {
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      if (permissions.contains(PosixFilePermission.OTHERS_READ)
          || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
        return List.of(
            "password file "
                + file
                + " is readable by all users of this machine; run: chmod o= "
                + file);
      }
      return List.of();
    } catch (IOException | UnsupportedOperationException e) {
      return List.of();
    }
  }

  /**
   * A line for the file.
   *
   * @throws IllegalArgumentException when name or password cannot be used; the message has the
   *     reason
   */
  public static String line(String user, String password, RandomSource random) {
    String name =
        SaslPrep.user(user)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "a user name has 1 to 255 bytes, no colon, no control characters, and"
                            + " does not begin with #"));
    String prepared =
        SaslPrep.password(password)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "a password has 1 to 1024 bytes and no control characters"));
    return name + ":" + ScramKeys.of(prepared, random).line();
  }

  /** Checks the file for changes, when it is time. */
  void reloadIfChanged() {
    var _ = users.now();
  }

  /** Why a proof that does not fit {@code entry} failed. */
  SaslExchange.SaslStep.Failed failure(StoredUser entry, String user) {
    // An unknown name may be a password in the wrong place.
    String known = entry.exists() ? user : "";
    return new SaslExchange.SaslStep.Failed(
        isOutdated(entry, user) ? SaslExchange.Kind.NOT_NOW : SaslExchange.Kind.CREDENTIALS, known);
  }

  /**
   * Whether another reading of the file may know this user with other keys. A file that was read
   * again meanwhile and has the same entry for the user does not require a later attempt.
   */
  private boolean isOutdated(StoredUser entry, String user) {
    WatchedFile.ParsedFile<Users> now = users.state();
    ScramKeys keys = now.value().byName().get(user);
    boolean isSame = keys == null ? !entry.exists() : keys.line().equals(entry.keys().line());
    return !isSame || users.isChanged(now);
  }

  /** The keys of a user, or a decoy that fits no password. */
  StoredUser find(String user) {
    WatchedFile.ParsedFile<Users> from = users.state();
    Users now = from.value();
    ScramKeys keys = now.byName().get(user);
    if (keys != null) {
      return new StoredUser(keys, true, from);
    }
    // The same name gets the same salt and count every time, as a user who exists would.
    byte[] salt = ScramSha256.hmac(decoySecret, "salt " + user);
    int pick = Math.floorMod(salt[31] << 8 | salt[30], Math.max(1, now.iterations().size()));
    int iterations = now.iterations().isEmpty() ? ScramKeys.ITERATIONS : now.iterations().get(pick);
    byte[] unknown = ScramSha256.hmac(decoySecret, "key " + user);
    return new StoredUser(
        new ScramKeys(iterations, java.util.Arrays.copyOf(salt, ScramKeys.SALT), unknown, unknown),
        false,
        from);
  }

  /** The keys of a user, whether that user exists, and the state of the file they are from. */
  record StoredUser(ScramKeys keys, boolean exists, WatchedFile.ParsedFile<Users> from) {}

  private static WatchedFile.FileContents<Users> reading(Path file) throws IOException {
    Users users = read(file);
    return new WatchedFile.FileContents<>(users, Map.of(file, users.byName().keySet()));
  }

  private static Users read(Path file) throws IOException {
    Map<String, ScramKeys> byName = new HashMap<>();
    List<Integer> iterations = new ArrayList<>();
    int number = 0;
    for (String line : RegularFile.lines(file, StandardCharsets.UTF_8, MAX_SIZE)) {
      number++;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      int colon = line.indexOf(':');
      Optional<String> user =
          colon < 0 ? Optional.empty() : SaslPrep.user(line.substring(0, colon));
      Optional<ScramKeys> keys =
          colon < 0 ? Optional.empty() : ScramKeys.parse(line.substring(colon + 1).strip());
      // The line itself may hold a password unencrypted: it is never shown.
      if (user.isEmpty() || keys.isEmpty()) {
        throw new IOException(
            file + ":" + number + ": not a line of the command `sealwax password`");
      }
      if (byName.put(user.get(), keys.get()) != null) {
        throw new IOException(file + ":" + number + ": a user is listed twice");
      }
      iterations.add(keys.get().iterations());
      if (byName.size() > MAX_USERS) {
        throw new IOException(file + ":" + number + ": more than " + MAX_USERS + " users");
      }
    }
    return new Users(Map.copyOf(byName), List.copyOf(iterations));
  }
}
