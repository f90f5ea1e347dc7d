export class ComparisonView {
  title() { return ""; }
  render() { return null; }
}
