package org.sealwax.router.receipts;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The salt of one receipt. Without it the hash of a recipient cannot be tried against a list of
 * addresses; deleting the file of salts makes receipts anonymous and leaves the chain whole.
 *
 * @param number of the receipt
 * @param hex 32 digits
 */
record Salt(long number, String hex) {
  /** Bytes of a salt: too many values to try them all. */
  static final int BYTES = 16;

  private static final Pattern FORM = Pattern.compile("([1-9][0-9]{0,17}) ([0-9a-f]{32})");

  static Optional<Salt> read(String line) {
    Matcher m = FORM.matcher(line);
    return m.matches()
        ? Optional.of(new Salt(Long.parseLong(m.group(1)), m.group(2)))
        : Optional.empty();
  }

  /** The hash that stands for {@code recipient}; the domain's case does not matter. */
  String of(String recipient) {
    int at = recipient.lastIndexOf('@');
    String canonical =
        at < 0
            ? recipient
            : recipient.substring(0, at + 1) + recipient.substring(at + 1).toLowerCase(Locale.ROOT);
    MessageDigest sha = ReceiptLine.sha256();
    sha.update(HexFormat.of().parseHex(hex));
    return HexFormat.of().formatHex(sha.digest(canonical.getBytes(StandardCharsets.UTF_8)));
  }

  /** The line of the file of salts, with its end. */
  String line() {
    return number + " " + hex + "\n";
  }
}
