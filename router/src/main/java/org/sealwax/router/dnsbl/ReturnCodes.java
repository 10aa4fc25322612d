package org.sealwax.router.dnsbl;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.SettingValue;

/**
 * A set of return codes (RFC 5782 2.1), written as in Postfix: each part is a number or a range,
 * {@code 127.0.0.[2..11]}.
 *
 * @param parts of an address, four
 */
@SettingValue(
    name = "return code",
    form =
        "an address in quotes, of which each part may be a range: \"127.0.0.2\", \"127.0.0.[2..11]\"")
public record ReturnCodes(List<PartRange> parts) {
  private static final int PARTS = 4;
  private static final String PART = "(?:([0-9]{1,3})|\\[([0-9]{1,3})\\.\\.([0-9]{1,3})\\])";
  private static final Pattern FORM =
      Pattern.compile(String.join("\\.", Collections.nCopies(PARTS, PART)));

  private static final int LOOPBACK = 127;
  private static final int MAX_PART = 255;

  /** Values of one part. */
  public record PartRange(int lowest, int highest) {
    boolean isOnly(int value) {
      return lowest == value && highest == value;
    }

    boolean contains(int value) {
      return lowest <= value && value <= highest;
    }
  }

  /** Copies. */
  public ReturnCodes {
    parts = List.copyOf(parts);
  }

  /**
   * Reads one set.
   *
   * @throws InvalidSetting when the text is none, or none inside 127.0.0.0/8
   */
  public static ReturnCodes parse(String text) {
    Matcher form = FORM.matcher(text);
    List<PartRange> parts = new ArrayList<>(PARTS);
    for (int group = 1; form.matches() && group < 3 * PARTS; group += 3) {
      String single = form.group(group);
      int lowest = Integer.parseInt(single == null ? form.group(group + 1) : single);
      int highest = single == null ? Integer.parseInt(form.group(group + 2)) : lowest;
      if (lowest <= highest && highest <= MAX_PART) {
        parts.add(new PartRange(lowest, highest));
      }
    }
    if (parts.size() < PARTS || !parts.getFirst().isOnly(LOOPBACK)) {
      throw InvalidSetting.because("not a return code of 127.0.0.0/8: " + text);
    }
    return new ReturnCodes(parts);
  }

  /** Whether an address of the answer is one of these codes. */
  boolean contains(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (bytes.length != PARTS) {
      return false;
    }
    for (int i = 0; i < PARTS; i++) {
      if (!parts.get(i).contains(bytes[i] & 0xff)) {
        return false;
      }
    }
    return true;
  }
}
