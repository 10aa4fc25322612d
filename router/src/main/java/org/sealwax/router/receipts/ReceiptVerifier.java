package org.sealwax.router.receipts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RegularFile;

/** Reads receipts back: checks the chain and its signatures, and finds those of one recipient. */
public final class ReceiptVerifier {
  private ReceiptVerifier() {}

  /**
   * The result of a verification.
   *
   * @param files read
   * @param receipts in whole lines that chain
   * @param heads with a signature that holds
   * @param unsigned lines after the last head: they are chained, but no signature covers them
   * @param keys public keys that signed
   * @param lastHash of the last line that chains
   * @param torn whether the last file ends in the middle of a line, as after a crash
   * @param lost receipts that were dropped because the disk did not keep up, as recorded in the
   *     chain
   * @param flaws what is wrong, each a sentence; empty: everything holds
   */
  public record ReceiptReport(
      int files,
      long receipts,
      long heads,
      long unsigned,
      Set<String> keys,
      String lastHash,
      boolean torn,
      long lost,
      List<String> flaws) {
    /** Copies. */
    public ReceiptReport {
      keys = Set.copyOf(keys);
      flaws = List.copyOf(flaws);
    }
  }

  /** Maximum number of flaws reported: one break must not report a thousand. */
  static final int MAX_FLAWS = 20;

  /**
   * Checks every file of {@code folder}, the oldest first.
   *
   * @param expected a hash from the log that must stand in the chain: without it the end was cut;
   *     or null
   * @throws IOException when a file cannot be read at all
   */
  public static ReceiptReport verify(Path folder, @Nullable String expected) throws IOException {
    ReceiptVerification verification = new ReceiptVerification(expected);
    for (Path file : ReceiptFiles.all(folder)) {
      verification.file(file, e -> {});
    }
    return verification.report();
  }

  /** One file by itself, as a third party may hand it over. */
  static ReceiptReport verify(String name, InputStream in) throws IOException {
    ReceiptVerification verification = new ReceiptVerification(null);
    verification.file(name, in, e -> {});
    return verification.report();
  }

  private static final class ReceiptVerification {
    private final @Nullable String expected;
    private boolean found;
    private final List<String> flaws = new ArrayList<>();
    private final Set<String> keys = new HashSet<>();
    private String before = ReceiptLine.ORIGIN;
    private long number;
    private int files;
    private long receipts;
    private long heads;
    private long unsigned;
    private long lost;
    private boolean torn;

    ReceiptVerification(@Nullable String expected) {
      this.expected = expected;
    }

    void file(Path file, Consumer<ReceiptLine> each) throws IOException {
      file(file.getFileName().toString(), RegularFile.open(file), each);
    }

    /** Reads and closes it. */
    void file(String name, InputStream in, Consumer<ReceiptLine> each) throws IOException {
      if (torn) {
        flaw(name, "the previous file ends in the middle of a line");
        torn = false;
      }
      files++;
      try (BoundedLines lines = new BoundedLines(in)) {
        boolean first = true;
        for (String line = lines.next(); line != null; line = lines.next()) {
          Optional<ReceiptLine> entry = ReceiptLine.read(line);
          if (entry.isEmpty()) {
            flaw(name, "a line after number " + number + " is not a receipt");
            return;
          }
          take(name, entry.get(), first);
          each.accept(entry.get());
          first = false;
        }
        torn = lines.isTorn();
      } catch (IOException e) {
        flaw(name, "after number " + number + ": " + FailureText.of(e));
      }
    }

    private void take(String name, ReceiptLine entry, boolean first) {
      String previous = before;
      if (first) {
        Optional<String> begins = entry.beginsAfter();
        if (begins.isEmpty()) {
          flaw(name, "has no head line at its beginning");
        } else if (number > 0 && !begins.get().equals(previous)) {
          flaw(name, "does not continue the previous file: lines are missing between them");
        }
        // The oldest file that is left: what was before it went with its retention.
        previous = begins.orElse(ReceiptLine.ORIGIN);
      }
      if (!entry.follows(previous)) {
        flaw(name, "number " + entry.number() + " does not follow from the line before it");
      } else if (number > 0 && entry.number() != number + 1) {
        flaw(name, "number " + entry.number() + " follows number " + number);
      }
      unsigned++;
      switch (entry.kind()) {
        case "receipt" -> receipts++;
        case "lost" -> lost += entry.lost();
        case SignedHead.KIND -> head(name, entry, previous);
        default -> {}
      }
      before = entry.hash();
      number = entry.number();
      found |= entry.hash().equals(expected);
    }

    private void head(String name, ReceiptLine entry, String previous) {
      Optional<SignedHead> head = SignedHead.read(entry);
      if (head.isEmpty() || !head.get().matches(entry, previous)) {
        flaw(name, "the signature of number " + entry.number() + " is not valid");
        return;
      }
      heads++;
      unsigned = 0;
      if (keys.size() < MAX_FLAWS) {
        keys.add(head.get().key());
      }
    }

    private void flaw(String name, String text) {
      if (flaws.size() < MAX_FLAWS) {
        flaws.add(name + ": " + text);
      }
    }

    ReceiptReport report() {
      if (expected != null && !found) {
        flaws.add(
            "the head " + expected + " is not in the chain: its end was truncated or replaced");
      }
      return new ReceiptReport(files, receipts, heads, unsigned, keys, before, torn, lost, flaws);
    }
  }

  /**
   * Gives every receipt, the oldest first; stops at what is not a receipt.
   *
   * @param recipient only those of this address, as far as their salts are still there; or null
   */
  public static void each(Path folder, @Nullable String recipient, Consumer<ReceiptLine> to)
      throws IOException {
    for (Path file : ReceiptFiles.all(folder)) {
      Map<Long, Salt> salts = recipient == null ? Map.of() : salts(ReceiptFiles.salts(file));
      new ReceiptVerification(null)
          .file(
              file,
              entry -> {
                Salt salt = salts.get(entry.number());
                boolean wanted =
                    recipient == null
                        || salt != null && entry.text("to").equals(Optional.of(salt.of(recipient)));
                if (wanted && entry.kind().equals("receipt")) {
                  to.accept(entry);
                }
              });
    }
  }

  private static Map<Long, Salt> salts(Path file) throws IOException {
    Map<Long, Salt> out = new HashMap<>();
    if (Files.exists(file)) {
      try (BoundedLines lines = new BoundedLines(RegularFile.open(file))) {
        for (String line = lines.next(); line != null; line = lines.next()) {
          Salt.read(line).ifPresent(salt -> out.put(salt.number(), salt));
        }
      }
    }
    return out;
  }
}
