package org.sealwax.router.log;

/** The stack of a failure as text for the log. */
final class StackText {
  /** Lines of a stack that are logged: enough to find the place. */
  private static final int MAX_FRAMES = 30;

  private StackText() {}

  /** In one line, innermost cause included, cut at {@link #MAX_FRAMES} frames. */
  static String of(Throwable cause) {
    StringBuilder out = new StringBuilder();
    int frames = 0;
    Throwable t = cause;
    for (int depth = 0; t != null && depth < 4; depth++, t = t.getCause()) {
      if (depth > 0) {
        out.append(" caused by ").append(t).append(':');
      }
      for (StackTraceElement frame : t.getStackTrace()) {
        if (frames++ >= MAX_FRAMES || out.length() > LogLine.MAX_VALUE - 100) {
          return out.toString();
        }
        out.append(' ').append(frame.getClassName()).append('.').append(frame.getMethodName());
        out.append(':').append(frame.getLineNumber());
      }
    }
    return out.toString();
  }
}
