package org.sealwax.mail.message;

import java.util.ArrayList;
import java.util.List;

/**
 * The addresses in a From, To, Cc or Bcc field (RFC 5322 3.4): display names, comments, groups and
 * quoted strings are understood, addresses come out as they go into RCPT. Local programs often omit
 * the domain, so a bare name ({@code root}) is an address, too.
 */
public final class AddressList {
  private AddressList() {}

  /**
   * {@return the addresses; what is none is left out}
   *
   * @param field the value of the header field
   */
  public static List<String> of(String field) {
    List<String> addresses = new ArrayList<>();
    StringBuilder loose = new StringBuilder();
    StringBuilder angle = null;
    boolean sawAngle = false;
    int comment = 0;
    for (int i = 0; i <= field.length(); i++) {
      char c = i < field.length() ? field.charAt(i) : ',';
      if (comment > 0) {
        if (c == '\\') {
          i++;
        }
        comment += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (i < field.length()) {
          continue;
        }
        comment = 0;
      }
      if (c == '(' && angle == null) {
        comment++;
      } else if (c == '"' && i < field.length()) {
        int end = endOfQuoted(field, i);
        (angle == null ? loose : angle).append(field, i, end);
        i = end - 1;
      } else if (c == '<' && angle == null) {
        angle = new StringBuilder();
      } else if (c == '>' && angle != null) {
        add(withoutRoute(angle.toString()), addresses);
        angle = null;
        sawAngle = true;
      } else if (angle != null && i < field.length()) {
        angle.append(c);
      } else if (c == ':') {
        loose.setLength(0); // the name of a group
      } else if (c == ',' || c == ';') {
        if (!sawAngle) {
          add(loose.toString(), addresses);
        }
        loose.setLength(0);
        sawAngle = false;
      } else {
        loose.append(c);
      }
    }
    return addresses;
  }

  private static int endOfQuoted(String field, int from) {
    for (int i = from + 1; i < field.length(); i++) {
      if (field.charAt(i) == '\\') {
        i++;
      } else if (field.charAt(i) == '"') {
        return i + 1;
      }
    }
    return field.length();
  }

  /** RFC 5322 4.4: a source route is ignored. */
  private static String withoutRoute(String angle) {
    int colon = angle.startsWith("@") ? angle.indexOf(':') : -1;
    return angle.substring(colon + 1);
  }

  private static void add(String text, List<String> addresses) {
    String address = unfolded(text);
    if (!address.isEmpty()) {
      addresses.add(address);
    }
  }

  /** Without blanks outside quotes: folding may put them around dots and the at sign. */
  private static String unfolded(String text) {
    StringBuilder out = new StringBuilder(text.length());
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && quoted && i + 1 < text.length()) {
        out.append(c).append(text.charAt(++i));
        continue;
      }
      quoted ^= c == '"';
      if (quoted || (c != ' ' && c != '\t' && c != '\r' && c != '\n')) {
        out.append(c);
      }
    }
    return out.toString();
  }
}
