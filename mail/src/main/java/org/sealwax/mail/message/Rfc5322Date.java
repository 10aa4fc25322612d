package org.sealwax.mail.message;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/** Date and time as message headers write them: {@code Mon, 23 Nov 2026 22:20:35 +0000}. */
public final class Rfc5322Date {
  private static final String DAYS = "MonTueWedThuFriSatSun";
  private static final String MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

  private Rfc5322Date() {}

  /**
   * The time in UTC, which does not reveal where the machine is.
   *
   * @param time the time
   * @return the date-time
   */
  public static String of(Instant time) {
    return of(time, ZoneOffset.UTC);
  }

  /**
   * RFC 5322 3.3, without the obsolete forms. Seconds of an offset, which the format cannot write,
   * are dropped, and the local time with them, so that the instant stays right.
   *
   * @param time the time
   * @param offset the offset from UTC that is written
   * @return the date-time
   * @throws IllegalArgumentException for a year outside 1900 to 9999 (RFC 5322 3.3: four digits)
   */
  public static String of(Instant time, ZoneOffset offset) {
    int minutes = offset.getTotalSeconds() / 60;
    OffsetDateTime t = time.atOffset(ZoneOffset.ofTotalSeconds(minutes * 60));
    if (t.getYear() < 1900 || t.getYear() > 9999) {
      throw new IllegalArgumentException("not a year of RFC 5322: " + t.getYear());
    }
    StringBuilder out = new StringBuilder(31);
    int day = (t.getDayOfWeek().getValue() - 1) * 3;
    int month = (t.getMonthValue() - 1) * 3;
    out.append(DAYS, day, day + 3).append(", ").append(t.getDayOfMonth());
    out.append(' ').append(MONTHS, month, month + 3).append(' ').append(t.getYear()).append(' ');
    two(out, t.getHour()).append(':');
    two(out, t.getMinute()).append(':');
    two(out, t.getSecond()).append(' ').append(minutes < 0 ? '-' : '+');
    two(out, Math.abs(minutes) / 60);
    return two(out, Math.abs(minutes) % 60).toString();
  }

  private static StringBuilder two(StringBuilder out, int value) {
    return out.append((char) ('0' + value / 10)).append((char) ('0' + value % 10));
  }
}
