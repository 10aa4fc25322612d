package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpsUrl;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.router.certs.acme.RenewalState.IssuedFacts;
import org.sealwax.router.certs.acme.RenewalState.RenewalWindow;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.StateFiles;

/**
 * The files of one authority's certificates in the state folder, all for our user alone: {@code
 * NAME.pem} has key and chain, {@code NAME.state} what was tried, {@code account-…} the keys of
 * accounts. Each is replaced whole.
 */
final class AcmeFiles {
  /** Space that an order needs at the end; checked before it begins. */
  private static final int SPACE = 128 * 1_024;

  private static final int MAX_STATE = 8_192;

  private final Path folder;
  private final HttpsUrl directory;
  private final RenewedPair.Lookup renewed;

  AcmeFiles(Path folder, HttpsUrl directory, RenewedPair.Lookup renewed) {
    this.folder = folder;
    this.directory = directory;
    this.renewed = renewed;
  }

  /** The pair of a name that is renewed now. */
  RenewedPair renewed(Domain name) {
    Path first = pairFile(folder, name);
    return renewed
        .of(name)
        .orElseGet(() -> new RenewedPair(first, () -> pair(first).map(Identity::keyPair)));
  }

  /** The file with the pair of the first order for a name. */
  static Path pairFile(Path folder, Domain name) {
    return folder.resolve(name.name() + ".pem");
  }

  private Path stateFile(Domain name) {
    return folder.resolve(name.name() + ".state");
  }

  /** The pair in a file, if there is one and it can be read. */
  static Optional<Identity> pair(Path file) {
    try {
      return Files.exists(file) ? Optional.of(Identity.read(file, file)) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * Checks that a pair could be stored now: an authority counts what it issued, also when it was
   * lost here.
   *
   * @throws IOException when the disk is full, or the folder cannot be written
   */
  void checkSpace(Domain name) throws IOException {
    StateFiles.ownFolder(folder);
    Path probe = folder.resolve(name.name() + ".space");
    try {
      StateFiles.write(probe, out -> out.write(new byte[SPACE]));
    } finally {
      Files.deleteIfExists(probe);
    }
  }

  /** The dates of a certificate, and its place in intervals: from its hash. */
  static IssuedFacts facts(X509Certificate leaf) {
    try {
      byte[] hash = Pins.sha256().digest(leaf.getEncoded());
      int word = (hash[0] & 0xff) << 16 | (hash[1] & 0xff) << 8 | (hash[2] & 0xff);
      return new IssuedFacts(
          leaf.getNotBefore().toInstant(),
          leaf.getNotAfter().toInstant(),
          word / (double) (1 << 24));
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read has no encoding", e);
    }
  }

  /**
   * What is known of a name: the certificate in hand, and what was tried at this directory.
   *
   * @param file of the pair in hand
   */
  RenewalState state(Domain name, Path file) {
    Map<String, String> lines = lines(stateFile(name));
    if (!directory.toString().equals(lines.get("directory"))) {
      // A certificate of another authority stays in use, and is replaced by one of this authority.
      return RenewalState.NEW;
    }
    RenewalState stored = read(lines);
    // A start reads no certificate when the file is the one that was stored.
    return stamp(file).equals(lines.get("pair"))
        ? stored
        : stored.holding(pair(file).map(Identity::leaf).map(AcmeFiles::facts));
  }

  private static String stamp(Path file) {
    return new IssuedPair(file).stamp();
  }

  private static Map<String, String> lines(Path file) {
    Map<String, String> lines = new HashMap<>();
    try {
      RegularFile.lines(file, StandardCharsets.UTF_8, MAX_STATE).stream()
          .filter(line -> line.indexOf(' ') > 0)
          .forEach(
              line ->
                  lines.put(
                      line.substring(0, line.indexOf(' ')), line.substring(line.indexOf(' ') + 1)));
    } catch (IOException e) {
      // As without one: the next order or question comes at once.
    }
    return lines;
  }

  private static RenewalState read(Map<String, String> lines) {
    try {
      Optional<IssuedFacts> issued =
          lines.containsKey("valid")
              ? Optional.of(
                  new IssuedFacts(
                      instant(lines, "valid"),
                      instant(lines, "until"),
                      Double.parseDouble(lines.getOrDefault("spread", "0"))))
              : Optional.empty();
      Optional<RenewalWindow> window =
          lines.containsKey("window")
              ? Optional.of(
                  new RenewalWindow(instant(lines, "window"), instant(lines, "window-end")))
              : Optional.empty();
      return new RenewalState(
          issued,
          window,
          instant(lines, "ask"),
          Integer.parseInt(lines.getOrDefault("failures", "0")),
          lines.getOrDefault("failure", ""),
          instant(lines, "failed-since"),
          instant(lines, "order"));
    } catch (DateTimeException | NumberFormatException e) {
      return RenewalState.NEW;
    }
  }

  private static Instant instant(Map<String, String> lines, String key) {
    return Instant.ofEpochSecond(Long.parseLong(lines.getOrDefault(key, "0")));
  }

  /**
   * Stores what is known.
   *
   * @param file of the pair that the state is about
   */
  void store(Domain name, Path file, RenewalState state) throws IOException {
    StringBuilder text =
        new StringBuilder("directory " + directory + "\npair " + stamp(file) + "\n");
    state
        .issued()
        .ifPresent(
            i ->
                text.append("valid " + i.begin().getEpochSecond() + "\n")
                    .append("until " + i.end().getEpochSecond() + "\n")
                    .append("spread " + i.spread() + "\n"));
    state
        .window()
        .ifPresent(
            w ->
                text.append("window " + w.start().getEpochSecond() + "\n")
                    .append("window-end " + w.end().getEpochSecond() + "\n"));
    text.append("ask " + state.askWindowAt().getEpochSecond() + "\n")
        .append("order " + state.orderAt().getEpochSecond() + "\n");
    if (state.failures() > 0) {
      text.append("failures " + state.failures() + "\n")
          .append("failed-since " + state.failedSince().getEpochSecond() + "\n")
          .append("failure " + state.failure() + "\n");
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    StateFiles.replace(stateFile(name), out -> out.write(bytes));
  }

  /**
   * {@return the key of the account at this directory, made with the first call}
   *
   * @throws IOException when it can neither be read nor stored
   */
  synchronized KeyPair accountKey() throws IOException {
    Path file = accountFile("pem");
    if (!Files.exists(file)) {
      String text = AccountKeyText.of(NewKey.of(AcmeSettings.KeyType.ECDSA));
      StateFiles.ownFolder(folder);
      StateFiles.replace(file, out -> out.write(text.getBytes(StandardCharsets.US_ASCII)));
      StateFiles.sync(folder);
    }
    return AccountKeyText.read(file);
  }

  private Path accountFile(String ending) {
    MessageDigest sha256 = Pins.sha256();
    byte[] hash = sha256.digest(directory.toString().getBytes(StandardCharsets.UTF_8));
    return folder.resolve("account-" + HexFormat.of().formatHex(hash, 0, 8) + "." + ending);
  }

  /** The contact of the account at this directory; what fails is a warning in the log. */
  AccountContact contact(MailLog log) {
    Path file = accountFile("contact");
    return new AccountContact() {
      @Override
      public List<String> sent() {
        try {
          return Files.exists(file)
              ? RegularFile.lines(file, StandardCharsets.UTF_8, MAX_STATE)
              : List.of();
        } catch (IOException e) {
          return List.of();
        }
      }

      @Override
      public void accepted(List<String> urls) throws IOException {
        byte[] text = String.join("\n", urls).getBytes(StandardCharsets.UTF_8);
        // Orders of several names end at the same time.
        synchronized (AcmeFiles.this) {
          StateFiles.replace(file, out -> out.write(text));
        }
      }

      @Override
      public void failed(String why) {
        log.warning(
            AcmeOrders.SERVICE, "the contact of the account at " + directory + " remains: " + why);
      }
    };
  }
}
